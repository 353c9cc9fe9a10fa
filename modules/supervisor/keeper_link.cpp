#include "modules/supervisor/keeper_link.hpp"

#include "common/log.hpp"
#include "common/process/unix_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>

namespace muster::supervisor {

using keeper::Answer;
using keeper::Request;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMaxPending = 10'000;
constexpr milliseconds kFirstWait{20};
constexpr milliseconds kLongestWait{1000};
constexpr milliseconds kReviveAfter{500};
constexpr milliseconds kReviveAgain{5000};

}  // namespace

KeeperLink::KeeperLink(EpollLoop& loop, std::string stateDirectory, KeeperObserver& observer,
                       std::function<void()> revive)
    : loop_(loop),
      stateDirectory_(std::move(stateDirectory)),
      observer_(observer),
      revive_(std::move(revive)) {}

KeeperLink::~KeeperLink() {
    loop_.cancel(timer_);
    if (socket_) loop_.unwatch(socket_.get());
}

void KeeperLink::start() {
    lostSince_ = loop_.now();
    connect();
}

void KeeperLink::connect() {
    timer_ = 0;
    const UnixAddress address(stateDirectory_, keeper::kSocketFile);
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || ::connect(socket.get(), address.get(), address.size()) != 0) return retry();
    socket_ = std::move(socket);
    reader_ = keeper::FrameReader(keeper::kMaxAnswer);
    unsent_.clear();
    loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { onReady(events); });
    Request attach;
    attach.op = Request::Op::Attach;
    send(attach, [this](Result<Answer> answer) {
        if (!answer || answer->error) return;  // a lost connection is told elsewhere
        isAttached_ = true;
        wait_ = kFirstWait;
        log::info("node", "attached to the keeper, process {}", answer->count);
        observer_.onAttached(answer->children);
    });
}

void KeeperLink::retry() {
    const TimePoint now = loop_.now();
    const bool isDue = now - lostSince_ >= kReviveAfter &&
                       (revivedAt_ == TimePoint{} || now - revivedAt_ >= kReviveAgain);
    if (revive_ && isDue) {
        revivedAt_ = now;
        log::warn("node", "no keeper answers: starting one");
        revive_();
    }
    loop_.cancel(timer_);
    timer_ = loop_.after(wait_, [this] { connect(); });
    wait_ = std::min(wait_ * 2, kLongestWait);
}

void KeeperLink::lost(const std::string& reason) {
    loop_.unwatch(socket_.get());
    socket_.reset();
    lostSince_ = loop_.now();
    wait_ = kFirstWait;
    const bool wasAttached = std::exchange(isAttached_, false);
    // The observer first: what it asked may or may not have happened, and Closed must not look
    // like a refusal.
    if (wasAttached) {
        log::warn("node", "the keeper is gone: {}", reason);
        observer_.onKeeperLost();
    }
    auto pending = std::exchange(pending_, {});
    for (auto& [seq, done] : pending) done(Error(Errc::Closed, "the keeper is gone"));
    retry();
}

void KeeperLink::request(Request request, AnswerReply done) {
    if (!isAttached_ || pending_.size() >= kMaxPending) {
        const Error error = isAttached_ ? Error(Errc::Limit, "too many requests to the keeper")
                                        : Error(Errc::Closed, "the keeper is away");
        return loop_.post([done = std::move(done), error, isAlive = std::weak_ptr(isAlive_)] {
            if (isAlive.lock()) done(error);
        });
    }
    send(std::move(request), std::move(done));
}

void KeeperLink::send(Request request, AnswerReply done) {
    request.seq = nextSeq_++;
    pending_.emplace(request.seq, std::move(done));
    unsent_ += keeper::frame(keeper::encode(request));
    flush();
}

void KeeperLink::flush() {
    const bool wasWaiting = !unsent_.empty();
    const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
    // A broken connection is seen by the next read.
    if (wasWaiting)
        loop_.watch(socket_.get(), unsent_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT,
                    [this](std::uint32_t events) { onReady(events); });
}

void KeeperLink::onReady(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) flush();
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive();
}

void KeeperLink::receive() {
    std::array<char, 16384> chunk;  // not cleared
    const ssize_t got = ::read(socket_.get(), chunk.data(), chunk.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return lost("its socket is closed");
    reader_.feed({chunk.data(), static_cast<std::size_t>(got)});
    if (!readFrames()) lost("it sent what is no frame");
}

bool KeeperLink::readFrames() {
    for (;;) {
        auto text = reader_.next();
        if (!text) return false;
        if (!*text) return true;
        onFrame(**text);
        if (!socket_) return true;
    }
}

void KeeperLink::onFrame(const std::string& text) {
    auto decoded = keeper::decodeFromKeeper(text);
    if (!decoded) return log::warn("node", "{}", decoded.error().detail());
    if (const auto* event = std::get_if<keeper::Event>(&*decoded)) {
        if (event->kind != keeper::Event::Kind::Ending) return observer_.onKeeperEvent(*event);
        if (onEnding_) onEnding_();
        return;
    }
    auto& answer = std::get<Answer>(*decoded);
    auto waiting = pending_.extract(answer.seq);
    if (waiting.empty()) return;
    if (answer.error) return waiting.mapped()(*answer.error);
    waiting.mapped()(std::move(answer));
}

void KeeperLink::ask(Request::Op op, const std::string& id, const std::string& nonce, int signal,
                     Done done) {
    Request asked;
    asked.op = op;
    asked.id = id;
    asked.nonce = nonce;
    asked.signal = signal;
    request(std::move(asked), [done = std::move(done)](Result<Answer> answer) {
        if (!done) return;
        if (!answer) return done(answer.error());
        done(answer->count);
    });
}

void KeeperLink::spawn(keeper::SpawnRequest spawn, SpawnReply done) {
    Request asked;
    asked.op = Request::Op::Spawn;
    asked.id = spawn.id;
    asked.nonce = spawn.nonce;
    asked.spawn = std::move(spawn);
    request(std::move(asked), [done = std::move(done)](Result<Answer> answer) {
        if (!answer) return done(answer.error());
        if (answer->children.empty())
            return done(Error(Errc::Failed, "the keeper's answer lacks the child"));
        done(std::move(answer->children.front()));
    });
}

void KeeperLink::list(ListReply done) {
    request(Request{}, [done = std::move(done)](Result<Answer> answer) {
        if (!answer) return done(answer.error());
        done(std::move(answer->children));
    });
}

void KeeperLink::signal(const std::string& id, const std::string& nonce, int signal, Done done) {
    ask(Request::Op::Signal, id, nonce, signal, std::move(done));
}
void KeeperLink::sweep(const std::string& id, const std::string& nonce, Done done) {
    ask(Request::Op::Sweep, id, nonce, 0, std::move(done));
}
void KeeperLink::forget(const std::string& id, const std::string& nonce, Done done) {
    ask(Request::Op::Forget, id, nonce, 0, std::move(done));
}
void KeeperLink::release(const std::string& id, const std::string& nonce) {
    ask(Request::Op::Release, id, nonce, 0, {});
}

}  // namespace muster::supervisor
