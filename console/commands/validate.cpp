#include "common/config/cluster_config.hpp"
#include "console/commands.hpp"
#include "console/endpoint.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"

#include <muster/json.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace muster::cli {
namespace {

using nlohmann::json;

std::string problemJson(const config::Problem& problem) {
    const json object{{"file", problem.file},
                      {"line", problem.line},
                      {"pointer", problem.pointer},
                      {"text", problem.text},
                      {"severity", problem.isWarning ? "warning" : "error"}};
    return safeJson(jsonText(object), false);
}

}  // namespace

ExitCode runValidate(Context& context) {
    const std::string path = configPath(context.args(), context.hooks());
    if (path.empty()) {
        return context.fail(ExitCode::Usage, "which configuration? give -c PATH (no config/ here)");
    }
    const config::LoadResult loaded = config::load(path, context.args().env);
    const Format format = context.args().format;
    const bool isJson = format == Format::Json || format == Format::JsonLines;
    for (const config::Problem& problem : loaded.problems) {
        context.out() << (isJson ? problemJson(problem) : safeText(config::describe(problem)))
                      << '\n';
    }
    const auto errors = std::count_if(loaded.problems.begin(), loaded.problems.end(),
                                      [](const config::Problem& p) { return !p.isWarning; });
    if (!loaded.cluster) {
        return context.fail(ExitCode::Usage,
                            fmt::format("{}: {} error{}", path, errors, errors == 1 ? "" : "s"));
    }
    context.say(fmt::format("{}: valid: cluster {}, environment {}, {} servers of {} types", path,
                            loaded.cluster->name, loaded.cluster->env,
                            loaded.cluster->servers.size(), loaded.cluster->types.size()));
    return ExitCode::Done;
}

}  // namespace muster::cli
