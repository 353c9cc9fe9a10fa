#include "client/admin_session.hpp"
#include "common/mqtt/paho_client.hpp"
#include "common/mqtt/paho_link.hpp"
#include "common/once_reply.hpp"
#include "monitor/loop.hpp"

#include <muster/client.hpp>

#include <future>
#include <utility>

namespace muster {
namespace {

// Beyond the deadline that the session keeps itself: for a loop that is held up.
constexpr std::chrono::milliseconds kGrace{1000};

// Paho's threads take a second to stop. A program that asks one question and ends need not wait
// for that: they are left to the end of the process, so the anchor is never destroyed.
void keepPahoThreads() {
    static const auto* const kAnchor = new mqtt::PahoThreads;
    (void)kAnchor;
}

}  // namespace

class AdminClient::Impl {
public:
    explicit Impl(AdminClientOptions options) : timeout(options.timeout) {
        keepPahoThreads();
        session = std::make_shared<AdminSession>(std::move(options),
                                                 std::make_unique<mqtt::PahoClient>(*loop), *loop);
    }
    ~Impl() { close(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    /// Runs `start` on the loop with a callback, and waits for what that is given.
    template <class Value>
    Result<Value> wait(std::chrono::milliseconds patience,
                       std::function<void(std::function<void(Result<Value>)>)> start) {
        if (loop->isLoopThread())
            return Error(Errc::Conflict, "a callback must not wait on its own thread");
        auto promise = std::make_shared<std::promise<Result<Value>>>();
        auto future = promise->get_future();
        auto isGiven = std::make_shared<bool>(false);  // on the loop's thread only
        loop->post([promise, isGiven, start = std::move(start)] {
            start([promise, isGiven](Result<Value> result) {
                if (!std::exchange(*isGiven, true)) promise->set_value(std::move(result));
            });
        });
        if (future.wait_for(patience + kGrace) != std::future_status::ready)
            return Error(Errc::Timeout, "no answer in time: whether it was done is unknown");
        return future.get();
    }
    Result<JsonText> ask(std::string command, std::string moduleId, JsonText body,
                         std::chrono::milliseconds patience) {
        return wait<JsonText>(patience, [=, target = session](const Reply& done) {
            target->request(command, moduleId, body, patience, done);
        });
    }
    void close() {
        if (!session) return;
        if (loop->isLoopThread()) {
            session->close();
        } else {
            (void)wait<void>(kGrace, [target = session](const AdminSession::Connected& done) {
                target->close();
                done({});
            });
        }
        loop->stop();
        session.reset();
    }

    const std::chrono::milliseconds timeout;
    std::shared_ptr<ThreadLoop> loop = std::make_shared<ThreadLoop>();
    std::shared_ptr<AdminSession> session;  // shared with what waits in the loop
};

AdminClient::AdminClient(AdminClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
AdminClient::~AdminClient() = default;

Result<void> AdminClient::connect() {
    const auto target = impl_->session;
    if (!target) return Error(Errc::Closed, "the client was closed");
    return impl_->wait<void>(
        impl_->timeout, [target](const AdminSession::Connected& done) { target->connect(done); });
}

Result<JsonText> AdminClient::request(std::string_view moduleId, JsonText body) {
    return request(moduleId, std::move(body), impl_->timeout);
}

Result<JsonText> AdminClient::request(std::string_view moduleId, JsonText body,
                                      std::chrono::milliseconds timeout) {
    if (!impl_->session) return Error(Errc::Closed, "the client was closed");
    return impl_->ask({}, std::string(moduleId), std::move(body), timeout);
}

void AdminClient::requestAsync(std::string_view moduleId, JsonText body,
                               std::chrono::milliseconds timeout, Reply done) {
    if (!impl_->session) return done(Error(Errc::Closed, "the client was closed"));
    impl_->loop->post([target = impl_->session, moduleId = std::string(moduleId),
                       body = std::move(body), timeout, done = onceReply(std::move(done))] {
        target->request({}, moduleId, body, timeout, done);
    });
}

Result<void> AdminClient::notify(std::string_view moduleId, JsonText body) {
    const auto target = impl_->session;
    if (!target) return Error(Errc::Closed, "the client was closed");
    return impl_->wait<void>(
        impl_->timeout,
        [target, moduleId = std::string(moduleId), body = std::move(body)](
            const AdminSession::Connected& done) { target->notify(moduleId, body, done); });
}

Result<JsonText> AdminClient::command(std::string_view command, std::string_view moduleId) {
    if (!impl_->session) return Error(Errc::Closed, "the client was closed");
    return impl_->ask(std::string(command), std::string(moduleId), {}, impl_->timeout);
}

Result<void> AdminClient::subscribe(std::string_view filter,
                                    std::function<void(const AdminMessage&)> onMessage) {
    const auto target = impl_->session;
    if (!target) return Error(Errc::Closed, "the client was closed");
    return impl_->wait<void>(
        impl_->timeout,
        [target, filter = std::string(filter), onMessage = std::move(onMessage)](
            const AdminSession::Connected& done) { target->subscribe(filter, onMessage, done); });
}

void AdminClient::close() {
    impl_->close();
}

}  // namespace muster
