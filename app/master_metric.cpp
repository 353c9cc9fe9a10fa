#include "app/master_metric.hpp"

#include "common/wire/envelope.hpp"

#include <muster/json.hpp>

#include <utility>

namespace muster::app {

MasterMetric::MasterMetric(EventLoop& loop, mqtt::Client& client, wire::Topics topics,
                           Figures figures)
    : loop_(loop), client_(client), topics_(std::move(topics)), figures_(std::move(figures)) {}

MasterMetric::~MasterMetric() {
    lost();
}

void MasterMetric::connected() {
    lost();
    tick();
}

void MasterMetric::lost() {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
}

void MasterMetric::clear() {
    lost();
    publish({});
}

void MasterMetric::tick() {
    timer_ = loop_.after(kEvery, [this] { tick(); });
    auto record = nlohmann::json::parse(usage_.sample(loop_.now()));
    record["v"] = wire::kProtocolVersion;
    record["time"] = wire::formatTime(loop_.wallTime());
    figures_(record);
    publish(jsonText(record));
}

void MasterMetric::publish(std::string payload) {
    mqtt::Message message;
    message.topic = topics_.metric(wire::kMasterName);
    message.payload = std::move(payload);
    message.retain = true;
    client_.publish(std::move(message));
}

}  // namespace muster::app
