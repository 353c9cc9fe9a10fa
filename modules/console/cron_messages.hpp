#pragma once

#include "common/config/cluster_config.hpp"

#include <muster/types.hpp>

#include <string>
#include <string_view>

namespace muster::modules {

/// Whether `cron` is to run on `server`.
bool isFor(const config::Cron& cron, const ServerInfo& server);
/// {"signal":signal,"cron":{id,time,action,serverId or serverType}}, as pomelo's monitors take it.
JsonText cronBody(std::string_view signal, const config::Cron& cron);

}  // namespace muster::modules
