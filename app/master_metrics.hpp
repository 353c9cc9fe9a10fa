#pragma once

#include "master/http/exposition.hpp"
#include "master/http/http_listener.hpp"
#include "master/mqtt/broker.hpp"

#include <vector>

namespace muster::app {

/// What Prometheus gets: every counter and gauge of the broker, and what this process uses.
std::vector<http::Figure> metricsOf(mqtt::Broker& broker);

/// Answers /metrics, and /healthz: 200 while the broker can keep what it promises, else 503.
http::HttpListener::Handler metricsHandler(mqtt::Broker& broker);

}  // namespace muster::app
