#include "examples/chat/member.hpp"

#include <charconv>
#include <cstring>
#include <iostream>
#include <stdexcept>

#include <boost/asio/post.hpp>

namespace chat {

muster::MonitorOptions Member::options(boost::asio::io_context& context) {
    auto options = muster::MonitorOptions::fromEnvironment();
    options.runOn = [&context](std::function<void()> task) {
        boost::asio::post(context, std::move(task));
    };
    options.log = [](int level, std::string_view line) {
        if (level >= 1) std::clog << line << std::endl;  // one line at a time, for the log
    };
    return options;
}

Member::Member() : id_(muster::MonitorOptions::fromEnvironment().id), monitor_(options(context_)) {
    const auto stop = [this] { context_.stop(); };
    signals_.async_wait([stop](const boost::system::error_code& error, int) {
        if (!error) stop();
    });
    monitor_.onStop(stop);
}

int Member::run() {
    if (const auto started = monitor_.start(); !started) {
        std::cerr << "no cluster to join: " << started.error().detail() << '\n';
        return 1;
    }
    monitor_.ready();
    context_.run();
    monitor_.stop();
    return 0;
}

int portArgument(const char* text) {
    int port = 0;
    const char* end = text + std::strlen(text);
    const auto [rest, code] = std::from_chars(text, end, port);
    if (code == std::errc() && rest == end && port > 0 && port <= 65535) return port;
    throw std::invalid_argument(std::string("'") + text + "' is no port");
}

}  // namespace chat
