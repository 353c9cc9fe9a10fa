#include "app/master_process.hpp"

#include "app/master_parts.hpp"

#include <utility>

namespace muster::app {

MasterProcess::MasterProcess(config::Cluster cluster, Extensions extensions)
    : parts_(std::make_unique<Parts>(std::move(cluster), std::move(extensions))) {}

MasterProcess::~MasterProcess() = default;

Result<void> MasterProcess::start() {
    return parts_->start();
}

void MasterProcess::startServers(std::string type, std::vector<std::string> ids) {
    Selection selection;
    selection.type = std::move(type);
    selection.ids = std::move(ids);
    parts_->bringUp(std::move(selection));
}

int MasterProcess::run() {
    return parts_->run();
}

void MasterProcess::stop() {
    parts_->requestStop();
}

}  // namespace muster::app
