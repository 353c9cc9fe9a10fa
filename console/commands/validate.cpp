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

json problemJson(const config::Problem& problem) {
    return {{"file", problem.file},
            {"line", problem.line},
            {"pointer", problem.pointer},
            {"text", problem.text},
            {"severity", problem.isWarning ? "warning" : "error"}};
}

void print(Context& context, const std::vector<config::Problem>& problems) {
    const Format format = context.args().format;
    json all = json::array();
    for (const config::Problem& problem : problems) {
        if (format == Format::Json) {
            all.push_back(problemJson(problem));
        } else if (format == Format::JsonLines) {
            context.out() << safeJson(jsonText(problemJson(problem)), false) << '\n';
        } else {
            context.out() << safeText(config::describe(problem)) << '\n';
        }
    }
    if (format == Format::Json) context.out() << safeJson(jsonText(all), true) << '\n';
}

}  // namespace

ExitCode runValidate(Context& context) {
    const std::string path = configPath(context.args(), context.hooks());
    if (path.empty()) {
        return context.fail(ExitCode::Usage, "which configuration? give -c PATH (no config/ here)");
    }
    const config::LoadResult loaded = config::load(path, context.args().env);
    print(context, loaded.problems);
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
