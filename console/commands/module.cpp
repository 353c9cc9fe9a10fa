#include "console/commands.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"

#include <muster/json.hpp>

namespace muster::cli {
namespace {

/// The list is an array of names, as pomelo-admin answers it, or an object with such an array.
nlohmann::json namesOf(const nlohmann::json& answer) {
    if (answer.is_array()) return answer;
    if (answer.is_object()) return answer.value("modules", nlohmann::json::array());
    return nlohmann::json::array();
}

}  // namespace

ExitCode runModule(Context& context) {
    const Arguments& args = context.args();
    const std::string action = args.verb.substr(args.verb.find(' ') + 1);
    const auto client = context.admin();
    if (!client) return context.fail(client.error());
    const std::string name = args.words.empty() ? std::string() : args.words.front();
    const auto answer = (*client)->command(action, name);
    if (!answer) return context.fail(answer.error());
    if (action != "list") {
        context.say(name + (action == "enable" ? " is enabled" : " is disabled"));
        return ExitCode::Done;
    }
    if (args.format == Format::Json || args.format == Format::JsonLines) {
        context.out() << safeJson(*answer, args.format == Format::Json) << '\n';
        return ExitCode::Done;
    }
    const auto parsed = parseJson(*answer);
    const auto names = namesOf(parsed ? *parsed : nlohmann::json());
    for (const auto& entry : names) {
        context.out() << safeText(entry.is_string() ? entry.get<std::string>() : jsonText(entry))
                      << '\n';
    }
    return ExitCode::Done;
}

}  // namespace muster::cli
