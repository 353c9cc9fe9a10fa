#include "keeper/node_keeper.hpp"

#include "common/log.hpp"
#include "common/wire/envelope.hpp"

#include <algorithm>
#include <csignal>

#include <unistd.h>

namespace muster::keeper {

namespace {

constexpr std::chrono::milliseconds kStable{5000};
constexpr std::chrono::milliseconds kFirstWait{100};
constexpr std::chrono::milliseconds kLongestWait{5000};

std::vector<std::string> nodeEnvironment(const std::string& nonce) {
    std::vector<std::string> variables{"MUSTER_NONCE=" + nonce};
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string variable = *entry;
        const bool isOfParent =
            variable.starts_with("MUSTER_NONCE=") || variable.starts_with("NOTIFY_SOCKET=");
        if (!isOfParent) variables.push_back(variable);
    }
    return variables;
}

}  // namespace

void NodeKeeper::start() {
    if (argv_.empty() || !isGone()) return;
    launch();
}

bool NodeKeeper::isGone() const {
    const auto node = children_.find(std::string(kNodeId));
    return !node || node->exit;
}

void NodeKeeper::launch() {
    timer_ = 0;
    SpawnRequest request;
    request.id = std::string(kNodeId);
    request.nonce = wire::makeNonce();
    request.argv = argv_;
    request.env = nodeEnvironment(request.nonce);
    if (auto node = children_.spawn(request))
        return log::info("keeper", "the node runs as process {}", node->pid);
    else
        log::error("keeper", "cannot start the node: {}", node.error().detail());
    launchAfter(kLongestWait);
}

void NodeKeeper::launchAfter(std::chrono::milliseconds wait) {
    loop_.cancel(timer_);
    timer_ = loop_.after(wait, [this] { launch(); });
}

void NodeKeeper::onExit(const ChildState& child) {
    (void)children_.forget(child.id, child.nonce);  // it has ended: cannot be refused
    if (isStopping_ || argv_.empty()) return;
    const bool wasStable = child.exit && std::chrono::milliseconds(child.exit->ranForMs) >= kStable;
    wait_ =
        wasStable ? std::chrono::milliseconds(0) : std::clamp(wait_ * 2, kFirstWait, kLongestWait);
    log::warn("keeper", "the node ended; started again in {} ms", wait_.count());
    launchAfter(wait_);
}

void NodeKeeper::stop() {
    isStopping_ = true;
    restart();
}

void NodeKeeper::restart() {
    signal(SIGTERM);
    loop_.cancel(timer_);
    timer_ = loop_.after(std::chrono::seconds(5), [this] { signal(SIGKILL); });
}

void NodeKeeper::signal(int signal) {
    if (const auto node = children_.find(std::string(kNodeId)))
        (void)children_.signal(node->id, node->nonce, signal);  // gone already is as good
}

}  // namespace muster::keeper
