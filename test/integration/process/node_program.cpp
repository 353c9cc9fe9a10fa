// A node without a master: node_program <state> <file with a spec>. Starts what the file says
// unless it has a record of it, and supervises.
#include "common/process/epoll_loop.hpp"
#include "modules/supervisor/keeper_link.hpp"
#include "modules/supervisor/node_service.hpp"
#include "modules/supervisor/notify_socket.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace muster::supervisor;

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    muster::EpollLoop loop;
    NodeServiceOptions options;
    options.stateDirectory = argv[1];
    const bool hasRecords = std::filesystem::exists(options.stateDirectory + "/node");
    NodeService* target = nullptr;
    NotifySocket notify(
        loop, [&](pid_t pid, const NotifyMessage& message) { target->onNotify(pid, message); });
    if (!notify.open(options.stateDirectory)) return 1;
    options.notifySocket = notify.address();
    NodeService node(loop, options, makeProbes(loop), makeLiveness(loop));
    target = &node;
    KeeperLink link(loop, options.stateDirectory, node);
    if (!node.start(link, [](muster::JsonText) {})) return 1;
    link.start();
    if (!hasRecords) {
        std::ifstream file(argv[2]);
        const std::string spec{std::istreambuf_iterator<char>(file), {}};
        loop.after(std::chrono::milliseconds(100), [&node, spec] {
            node.handle(R"({"op":"start","server":)" + spec + "}", [](auto) {});
        });
    }
    loop.run();
    return 0;
}
