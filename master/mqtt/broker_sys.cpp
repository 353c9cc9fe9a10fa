#include "master/mqtt/broker_sys.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace muster::mqtt {

namespace {

constexpr std::string_view kRoot = "$SYS/broker/";

struct Load {
    std::string_view name;
    std::uint64_t BrokerCounters::*counter;
};
constexpr std::array<Load, 7> kLoads{{{"messages/received", &BrokerCounters::packetsReceived},
                                      {"messages/sent", &BrokerCounters::packetsSent},
                                      {"publish/received", &BrokerCounters::messagesReceived},
                                      {"publish/sent", &BrokerCounters::messagesSent},
                                      {"bytes/received", &BrokerCounters::bytesReceived},
                                      {"bytes/sent", &BrokerCounters::bytesSent},
                                      {"connections", &BrokerCounters::clientsConnected}}};

}  // namespace

void LoadAverage::update(std::uint64_t total, std::chrono::milliseconds passed) {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(passed).count();
    const double rate = static_cast<double>(total - last_) / minutes;
    last_ = total;
    for (std::size_t i = 0; i < kMinutes.size(); ++i) {
        const double past = std::exp(-minutes / kMinutes[i]);
        averages_[i] = rate + past * (averages_[i] - rate);
    }
}

BrokerSys::BrokerSys(EventLoop& loop, Broker& broker, std::string version,
                     std::chrono::milliseconds interval)
    : loop_(loop),
      broker_(broker),
      version_(std::move(version)),
      interval_(interval),
      startedAt_(loop.now()),
      publishedAt_(startedAt_) {
    if (interval_.count() > 0) schedule();
}

BrokerSys::~BrokerSys() {
    if (timer_ != 0) loop_.cancel(timer_);
}

void BrokerSys::schedule() {
    timer_ = loop_.after(interval_, [this] {
        schedule();
        publishAll();
    });
}

void BrokerSys::publishAll() {
    const TimePoint now = loop_.now();
    broker_.enter(now);
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(now - startedAt_);
    publish("version", version_);
    publish("uptime", fmt::format("{} seconds", up.count()));
    publishClients();
    publishTraffic();
    publishLoads(
        std::max(std::chrono::milliseconds(1),
                 std::chrono::duration_cast<std::chrono::milliseconds>(now - publishedAt_)));
    publishedAt_ = now;
}

void BrokerSys::publishClients() {
    const BrokerGauges gauges = broker_.gauges();
    mostClients_ = std::max(mostClients_, gauges.connectedClients);
    const std::uint64_t away = gauges.sessions - gauges.connectedClients;
    publish("clients/connected", gauges.connectedClients);
    publish("clients/active", gauges.connectedClients);  // Mosquitto's older name of it
    publish("clients/disconnected", away);
    publish("clients/inactive", away);
    publish("clients/total", gauges.sessions);
    publish("clients/maximum", mostClients_);
    publish("clients/expired", broker_.counters().sessionsExpired);
    publish("subscriptions/count", gauges.subscriptions);
    publish("retained messages/count", gauges.retained);
    publish("store/messages/bytes", gauges.retainedBytes + gauges.queuedBytes);
}

void BrokerSys::publishTraffic() {
    const BrokerCounters& counters = broker_.counters();
    publish("messages/received", counters.packetsReceived);
    publish("messages/sent", counters.packetsSent);
    publish("bytes/received", counters.bytesReceived);
    publish("bytes/sent", counters.bytesSent);
    publish("publish/messages/received", counters.messagesReceived);
    publish("publish/messages/sent", counters.messagesSent);
    publish("publish/messages/dropped", counters.droppedQos0 + counters.droppedQueueFull);
    publish("publish/bytes/received", counters.payloadBytesReceived);
}

void BrokerSys::publishLoads(std::chrono::milliseconds passed) {
    for (std::size_t i = 0; i < kLoads.size(); ++i) {
        loads_[i].update(broker_.counters().*kLoads[i].counter, passed);
        for (std::size_t j = 0; j < LoadAverage::kMinutes.size(); ++j)
            publish(fmt::format("load/{}/{}min", kLoads[i].name, LoadAverage::kMinutes[j]),
                    fmt::format("{:.2f}", loads_[i].perMinute(j)));
    }
}

void BrokerSys::publish(std::string_view name, std::string value) {
    std::string& last = last_[std::string(name)];
    if (last == value) return;
    last = std::move(value);
    PublishRequest request;
    const std::string topic = std::string(kRoot) + std::string(name);
    request.topic = topic;
    request.payload = last;
    request.retain = true;
    request.isTransient = true;  // nothing of it is worth keeping over a restart
    broker_.publishSys(request);
}

}  // namespace muster::mqtt
