#include "console/commands.hpp"
#include "console/parser.hpp"

namespace muster::cli {

ExitCode runHelp(Context& context) {
    const auto& words = context.args().words;
    const std::string verb = words.empty() ? std::string() : words.front();
    const std::string text = helpText(verb);
    if (text.empty()) {
        return context.fail(ExitCode::NoSuch, "no verb '" + verb + "'; 'muster help' lists them");
    }
    context.out() << text;
    return ExitCode::Done;
}

}  // namespace muster::cli
