#include "client/admin_session.hpp"

#include "common/wire/envelope.hpp"
#include "common/wire/json_scanner.hpp"

#include <algorithm>

namespace muster {
namespace {

constexpr int kMaxBodyDepth = 60;  // the envelope around it needs some of wire::kMaxJsonDepth
constexpr std::size_t kMaxBody = 1024 * 1024;
constexpr std::size_t kMaxListeners = 100;
constexpr std::size_t kMaxHeld = 1000;
constexpr auto kLeaderPatience = std::chrono::seconds(1);

Result<void> checkBody(const JsonText& body) {
    if (body.size() > kMaxBody) return Error(Errc::Limit, "a body may have 1 MiB");
    if (!body.empty() && !wire::isValidJson(body, kMaxBodyDepth))
        return Error(Errc::BadMessage, "the body is not JSON of at most 60 levels");
    return {};
}

std::string nameOf(const AdminClientOptions& options) {
    return options.username.empty() ? std::string(wire::kAnonymousName) : options.username;
}

std::string_view takeLevel(std::string_view& rest, bool& isLast) {
    const auto slash = rest.find('/');
    isLast = slash == std::string_view::npos;
    const auto level = rest.substr(0, slash);
    rest = isLast ? std::string_view() : rest.substr(slash + 1);
    return level;
}

}  // namespace

bool matchesFilter(std::string_view filter, std::string_view topic) {
    bool isFilterDone = false;
    bool isTopicDone = false;
    while (!isFilterDone) {
        const auto wanted = takeLevel(filter, isFilterDone);
        if (wanted == "#") return true;
        if (isTopicDone) return false;
        const auto level = takeLevel(topic, isTopicDone);
        if (wanted != "+" && wanted != level) return false;
    }
    return isTopicDone;
}

AdminSession::AdminSession(AdminClientOptions options, std::unique_ptr<mqtt::Client> client,
                           EventLoop& loop)
    : options_(std::move(options)),
      loop_(loop),
      client_(std::move(client)),
      topics_(options_.cluster),
      user_(nameOf(options_)),
      clientId_(user_ + "-" + wire::makeNonce().substr(0, 8)) {}

void AdminSession::connect(Connected done) {
    if (isClosed_ || onConnected_ || isUp_)
        return done(Error(Errc::Closed, "this client was used already: make a new one"));
    if (!wire::isValidId(user_))
        return done(Error(Errc::BadMessage, "a user name has 1 to 64 of A-Z a-z 0-9 . _ -"));
    onConnected_ = std::move(done);
    mqtt::ConnectOptions options;
    options.url = options_.url;
    options.clientId = clientId_;
    options.username = options_.username;
    options.password = options_.password;
    options.connectTimeout = options_.timeout;
    options.backoffFirst = std::chrono::milliseconds(0);  // one attempt
    options.caFile = options_.caFile;
    options.certFile = options_.certFile;
    options.keyFile = options_.keyFile;
    // Paho counts its connect timeout in seconds, and a frozen master accepts all the same.
    connectTimer_ = loop_.after(options_.timeout, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->connectTimer_ = 0;
        self->finishConnect(Error(Errc::Timeout, "it takes the connection and says nothing"));
    });
    client_->connect(std::move(options), *this);
}

void AdminSession::onConnected(bool /*sessionPresent*/) {
    isUp_ = true;
    client_->subscribe(topics_.reply(user_, clientId_ + "/#"), 1,
                       [this](const Result<void>& granted) {
                           const bool isDenied = !granted && granted.error().code() == Errc::Denied;
                           finishConnect(isDenied ? closedCluster() : granted);
                       });
    // A retained record: it follows its subscription at once, or nobody leads this cluster here.
    client_->subscribe(topics_.leader(), 1,
                       [this](const Result<void>& /*granted*/) { awaitLeader(); });
}

// For a while: it may be on its way, or the next one is about to lead.
void AdminSession::awaitLeader() {
    if (isLeaderSeen_ || leaderTimer_ != 0) return;
    leaderTimer_ = loop_.after(kLeaderPatience, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->leaderTimer_ = 0;
        if (self->isLeaderSeen_) return;
        self->isLeaderOverdue_ = true;
        for (const Held& held : std::exchange(self->held_, {})) held.done(self->noMaster());
        for (const Reply& reply : self->requests_.takeAll()) reply(self->noMaster());
    });
}

void AdminSession::onLeader(const mqtt::Message& message) {
    isLeaderSeen_ = !message.payload.empty();
    if (!isLeaderSeen_) return awaitLeader();
    isLeaderOverdue_ = false;
    if (leaderTimer_ != 0) loop_.cancel(std::exchange(leaderTimer_, 0));
    for (Held& held : std::exchange(held_, {})) send(std::move(held));
}

void AdminSession::send(Held held) {
    if (isLeaderOverdue_) return held.done(noMaster());
    if (!isLeaderSeen_) {
        if (held_.size() < kMaxHeld) return held_.push_back(std::move(held));
        return held.done(Error(Errc::Limit, "too much waits for a master"));
    }
    // What was given up meanwhile must not be done behind its asker's back.
    if (held.request != 0 && !requests_.contains(held.request)) return;
    client_->publish(std::move(held.message), std::move(held.done));
}

Error AdminSession::noMaster() const {
    return Error(Errc::Closed, "no master leads cluster '" + options_.cluster +
                                   "' at this broker: is it started, is the name right?");
}

Error AdminSession::closedCluster() const {
    return Error(Errc::Denied, "cluster '" + options_.cluster + "' is closed to " + user_ +
                                   " at this broker: is that its name?");
}

void AdminSession::finishConnect(const Result<void>& result) {
    if (connectTimer_ != 0) loop_.cancel(std::exchange(connectTimer_, 0));
    if (onConnected_) std::exchange(onConnected_, {})(result);
}

void AdminSession::onLost(std::string_view reason, bool refused) {
    const bool wasUp = std::exchange(isUp_, false);
    const std::string why(reason);
    finishConnect(Error(refused ? Errc::Denied : Errc::Closed, why));
    failAll(why);
    if (wasUp && options_.onClosed) options_.onClosed(why);
}

void AdminSession::failAll(const std::string& reason) {
    for (const Held& held : std::exchange(held_, {})) held.done(Error(Errc::Closed, reason));
    for (const Reply& reply : requests_.takeAll()) reply(Error(Errc::Closed, reason));
}

mqtt::Message AdminSession::envelope(std::string_view command, std::string_view moduleId,
                                     const JsonText& body) const {
    wire::Envelope envelope;
    envelope.moduleId = moduleId;
    envelope.command = command;
    envelope.body = body;
    mqtt::Message message;
    message.topic = topics_.toMaster(user_);
    message.payload = wire::encode(envelope, loop_.wallTime());
    message.qos = 1;
    return message;
}

void AdminSession::request(std::string_view command, std::string_view moduleId,
                           const JsonText& body, std::chrono::milliseconds timeout, Reply done) {
    if (const auto ok = checkBody(body); !ok) return done(ok.error());
    if (!isUp_) return done(Error(Errc::Closed, "not connected to the master"));
    const auto deadline = loop_.now() + std::max(timeout, std::chrono::milliseconds(1));
    const auto id = requests_.add(std::move(done), deadline);
    if (!id) return done(id.error());  // NOLINT(bugprone-use-after-move): add() says so
    sweepLater();
    mqtt::Message message = envelope(command, moduleId, body);
    // Below the client's own address, where a notify of the master comes too.
    message.responseTopic = topics_.reply(user_, clientId_);
    message.correlationData = std::to_string(*id);
    send({std::move(message), *id, [this, id = *id](const Result<mqtt::PublishOutcome>& outcome) {
              onPublished(id, outcome);
          }});
}

void AdminSession::onPublished(std::uint64_t id, const Result<mqtt::PublishOutcome>& outcome) {
    if (outcome && *outcome == mqtt::PublishOutcome::Delivered) return;
    const auto reply = requests_.take(id);
    if (!reply) return;
    if (outcome) return (*reply)(noMaster());
    (*reply)(outcome.error());
}

void AdminSession::notify(std::string_view moduleId, const JsonText& body, Connected done) {
    if (const auto ok = checkBody(body); !ok) return done(ok.error());
    if (!isUp_) return done(Error(Errc::Closed, "not connected to the master"));
    send({envelope({}, moduleId, body), 0,
          [this, done = std::move(done)](const Result<mqtt::PublishOutcome>& outcome) {
              if (!outcome) return done(outcome.error());
              if (*outcome == mqtt::PublishOutcome::NoSubscriber) return done(noMaster());
              done({});
          }});
}

void AdminSession::subscribe(std::string_view filter,
                             std::function<void(const AdminMessage&)> onMessage, Connected done) {
    if (!isUp_) return done(Error(Errc::Closed, "not connected to the master"));
    if (listeners_.size() >= kMaxListeners)
        return done(Error(Errc::Limit, "a client may have 100 subscriptions"));
    std::string whole = topics_.root() + "/" + std::string(filter);
    listeners_.emplace_back(whole, std::move(onMessage));
    client_->subscribe(std::move(whole), 1, std::move(done));
}

void AdminSession::onMessage(const mqtt::Message& message) {
    if (message.topic == topics_.reply(user_, clientId_)) return onAnswer(message);
    if (message.topic == topics_.leader()) onLeader(message);
    const AdminMessage passed{message.topic, message.payload, message.retain};
    const auto listeners = listeners_;  // a listener may subscribe
    for (const auto& [filter, onMessage] : listeners) {
        if (!onMessage || !matchesFilter(filter, message.topic)) continue;
        try {
            onMessage(passed);
        } catch (...) {  // NOLINT(bugprone-empty-catch): the caller's, and nobody is left to tell
        }
    }
}

void AdminSession::onAnswer(const mqtt::Message& message) {
    const std::string& correlation = message.correlationData;
    const bool isNumber = !correlation.empty() && correlation.size() <= 18 &&
                          std::all_of(correlation.begin(), correlation.end(),
                                      [](char c) { return c >= '0' && c <= '9'; });
    if (!isNumber) return;
    const auto reply = requests_.take(std::stoull(correlation));
    if (!reply) return;
    auto answer = wire::decodeAnswer(message.payload);
    if (!answer) return (*reply)(answer.error());
    if (answer->error) return (*reply)(*answer->error);
    (*reply)(std::move(answer->body));
}

void AdminSession::sweepLater() {
    const auto next = requests_.nextDeadline();
    if (!next) return;
    if (sweepTimer_ != 0) loop_.cancel(sweepTimer_);
    const auto delay = std::max(*next - loop_.now(), TimePoint::duration(0));
    sweepTimer_ =
        loop_.after(std::chrono::ceil<std::chrono::milliseconds>(delay), [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->sweep();
        });
}

void AdminSession::sweep() {
    sweepTimer_ = 0;
    for (const Reply& reply : requests_.takeExpired(loop_.now()))
        reply(Error(Errc::Timeout, "no answer in time: whether it was done is unknown"));
    sweepLater();
}

void AdminSession::close() {
    if (std::exchange(isClosed_, true)) return;
    isUp_ = false;
    for (TimerId* timer : {&sweepTimer_, &leaderTimer_})
        if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
    client_->close();
    client_.reset();
    finishConnect(Error(Errc::Closed, "the client was closed"));
    failAll("the client was closed");
    listeners_.clear();
}

}  // namespace muster
