#include "console/commands.hpp"
#include "console/parser.hpp"

namespace muster::cli {

ExitCode runCompletion(Context& context) {
    const auto& words = context.args().words;
    if (!words.empty() && words.front() != "bash") {
        return context.fail(ExitCode::NoSuch, "only for bash: 'muster completion bash'");
    }
    // Ids come from the live cluster, quickly or not at all.
    context.out() << "_muster() {\n"
                     "  local word=${COMP_WORDS[COMP_CWORD]}\n"
                     "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                     "    mapfile -t COMPREPLY < <(compgen -W '"
                  << verbList()
                  << "' -- \"$word\")\n"
                     "  else\n"
                     "    local ids\n"
                     "    ids=$(muster ls -o name -q --timeout 500ms 2>/dev/null)\n"
                     "    mapfile -t COMPREPLY < <(compgen -W \"all $ids\" -- \"$word\")\n"
                     "  fi\n"
                     "}\n"
                     "complete -F _muster muster\n";
    return ExitCode::Done;
}

}  // namespace muster::cli
