#pragma once

#include <muster/monitor.hpp>

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace chat {

/// What the three programs have in common: one thread that runs everything, a Monitor whose
/// callbacks run there too, and an orderly end by the master or a signal.
class Member {
public:
    Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    boost::asio::io_context& context() { return context_; }
    muster::Monitor& monitor() { return monitor_; }
    const std::string& id() const { return id_; }
    /// Joins the cluster, says that this server is ready, and serves until it is asked to stop.
    /// Returns the exit status.
    int run();

private:
    static muster::MonitorOptions options(boost::asio::io_context& context);

    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_{context_, SIGINT, SIGTERM};
    std::string id_;
    muster::Monitor monitor_;
};

/// A port of the command line: 1 to 65535. Throws std::invalid_argument for anything else.
int portArgument(const char* text);

}  // namespace chat
