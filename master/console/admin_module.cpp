#include <muster/master.hpp>

#include <string>

namespace muster {
namespace {

Error hasNoDoor(std::string_view module, const char* door) {
    return Error(Errc::NotSupported,
                 "module " + std::string(module) + " has no " + std::string(door));
}

}  // namespace

void AdminModule::masterHandler(MasterAgent& /*agent*/, const ServerInfo& /*from*/,
                                const JsonText& /*message*/, Reply reply) {
    reply(hasNoDoor(id(), "masterHandler"));
}

void AdminModule::clientHandler(MasterAgent& /*agent*/, const Caller& /*caller*/,
                                const JsonText& /*message*/, Reply reply) {
    reply(hasNoDoor(id(), "clientHandler"));
}

}  // namespace muster
