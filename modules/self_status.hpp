#pragma once

#include <muster/types.hpp>

#include <nlohmann/json_fwd.hpp>

namespace muster::modules {

/// This process as pomelo's tables of servers show it: {serverId, serverType, host, port?, pid,
/// heapUsed (MB, the resident set), uptime (minutes)}; the last two as text. From /proc.
nlohmann::json selfRow(const ServerInfo& self);
/// This process as pomelo's `show status` and nodeInfo show it: {time, serverId, serverType, pid,
/// cpuAvg, memAvg, vsz, rss, usr, sys, gue}; text, in per cent and KiB. From /proc.
nlohmann::json selfStatus(const ServerInfo& self);
/// This process as pomelo's `list` of the console shows it: {serverId, serverType, pid, rss,
/// heapTotal, heapUsed, uptime}; text, MiB and minutes. A C++ program's resident set stands for its
/// heap.
nlohmann::json selfListRow(const ServerInfo& self);
/// "2026-11-21 8:25:04 PM", local time: how pomelo writes the time of a sample.
std::string sampleTime();

}  // namespace muster::modules
