#include "common/wire/topics.hpp"
#include "console/commands.hpp"
#include "console/output/safe_text.hpp"
#include "console/output/server_table.hpp"
#include "muster_version.hpp"

#include <muster/json.hpp>

#include <fmt/format.h>

namespace muster::cli {

ExitCode runVersion(Context& context) {
    const Format format = context.args().format;
    if (format == Format::Json || format == Format::JsonLines) {
        const nlohmann::json body{{"version", kVersion}, {"protocol", wire::kProtocolVersion}};
        context.out() << safeJson(jsonText(body), format == Format::Json) << '\n';
    } else {
        context.out() << fmt::format("muster {} (protocol {})\n", kVersion, wire::kProtocolVersion);
    }
    return ExitCode::Done;
}

}  // namespace muster::cli
