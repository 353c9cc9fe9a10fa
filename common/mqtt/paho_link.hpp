#pragma once

#include "common/event_loop.hpp"
#include "common/mqtt/client.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace muster::mqtt {

/// What Paho's threads have told a link, in their order.
struct PahoEvent {
    enum class Kind {
        Connected,      // sessionPresent
        ConnectFailed,  // code, text
        Lost,           // text
        Disconnected,   // code, text: the broker's own DISCONNECT (MQTT 5)
        Message,        // message
        Answered        // id, code: the broker's word on a publish, subscribe or unsubscribe
    };
    Kind kind = Kind::Lost;
    std::uint64_t id = 0;
    /// A reason code of MQTT 5 (below 0x80: success), a return code 1..5 of a 3.1.1 CONNACK, or
    /// kNoAnswer.
    int code = 0;
    bool sessionPresent = false;
    std::string text;
    Message message;

    static constexpr int kNoAnswer = -1;  // lost, refused locally, or never sent
};

/// One connection, from the attempt to its end; a new attempt is a new link, so that nothing of a
/// broken one is carried over (C #1007, #1341, #1406). Lives on the loop's thread. Paho calls back
/// on two threads of its own with its locks held: there events are queued, bounded, and the loop
/// is told; nothing else.
class PahoLink {
public:
    using Handler = std::function<void(PahoEvent&)>;

    /// `handler` is called on the loop's thread, and never after the link's end.
    PahoLink(EventLoop& loop, const ConnectOptions& options, Handler handler);
    /// Breaks the connection: the broker hears a DISCONNECT if it was up.
    ~PahoLink();
    PahoLink(const PahoLink&) = delete;
    PahoLink& operator=(const PahoLink&) = delete;

    /// Starts connecting; ends in Connected or ConnectFailed, unless this says no at once.
    Result<void> open();
    /// Each that succeeds ends in one Answered with `id`, unless the link ends before. Only after
    /// Connected.
    Result<void> publish(std::uint64_t id, const Message& message);
    Result<void> subscribe(std::uint64_t id, const std::string& filter, int qos);
    Result<void> unsubscribe(std::uint64_t id, const std::string& filter);
    /// Waits at most `patience` until what was published has gone out. False if it has not.
    bool drain(std::chrono::milliseconds patience);
    /// Sends DISCONNECT, and waits at most `patience` for that. What Paho has not written yet is
    /// lost.
    void disconnect(std::chrono::milliseconds patience);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// While one exists, Paho's two threads stay: stopping them takes a second, and would do so on
/// every reconnect otherwise.
class PahoThreads {
public:
    PahoThreads();
    ~PahoThreads();

private:
    struct Anchor;
    std::unique_ptr<Anchor> anchor_;
};

}  // namespace muster::mqtt
