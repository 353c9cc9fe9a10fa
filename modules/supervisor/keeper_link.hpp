#pragma once

#include "common/process/epoll_loop.hpp"
#include "common/process/keeper_protocol.hpp"

#include <muster/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::supervisor {

/// What the node asks of its keeper. On the node's loop; each reply is called once, later.
class KeeperPort {
public:
    using SpawnReply = std::function<void(Result<keeper::ChildState>)>;
    using Done = std::function<void(Result<int>)>;
    using ListReply = std::function<void(Result<std::vector<keeper::ChildState>>)>;
    virtual ~KeeperPort() = default;
    /// Conflict: a process of that id runs already, as list() will show.
    virtual void spawn(keeper::SpawnRequest request, SpawnReply done) = 0;
    /// All servers that it holds now.
    virtual void list(ListReply done) = 0;
    virtual void signal(const std::string& id, const std::string& nonce, int signal, Done done) = 0;
    virtual void sweep(const std::string& id, const std::string& nonce, Done done) = 0;
    virtual void forget(const std::string& id, const std::string& nonce, Done done) = 0;
    /// It is not to be started again soon: its sockets are closed. A keeper of an earlier version
    /// knows no such thing, and has none.
    virtual void release(const std::string& id, const std::string& nonce) {
        (void)id;
        (void)nonce;
    }
};

/// What the keeper tells. On the node's loop.
class KeeperObserver {
public:
    virtual ~KeeperObserver() = default;
    /// Connected; these are all its servers. Events follow from here on.
    virtual void onAttached(const std::vector<keeper::ChildState>& children) = 0;
    virtual void onKeeperEvent(const keeper::Event& event) = 0;
    virtual void onKeeperLost() = 0;
};

/// The connection to `<state>/keeper.sock`: connects again by itself after 20 ms to 1 s. At most
/// 10 000 requests under way; until onAttached() they are not sent but answered Closed, so that
/// what the observer is told there is not older than what it asked for.
class KeeperLink final : public KeeperPort {
public:
    /// `revive` is called when no keeper has answered for 500 ms, at most every 5 s: it may start a
    /// new one, but must not block for long. `loop` and `observer` outlive the link.
    KeeperLink(EpollLoop& loop, std::string stateDirectory, KeeperObserver& observer,
               std::function<void()> revive = {});
    ~KeeperLink() override;
    KeeperLink(const KeeperLink&) = delete;
    KeeperLink& operator=(const KeeperLink&) = delete;

    void start();
    /// Called when the keeper says that it was told to end, and this node with it.
    void onEnding(std::function<void()> listener) { onEnding_ = std::move(listener); }
    bool isAttached() const { return isAttached_; }
    void spawn(keeper::SpawnRequest request, SpawnReply done) override;
    void list(ListReply done) override;
    void signal(const std::string& id, const std::string& nonce, int signal, Done done) override;
    void sweep(const std::string& id, const std::string& nonce, Done done) override;
    void forget(const std::string& id, const std::string& nonce, Done done) override;
    void release(const std::string& id, const std::string& nonce) override;

private:
    using AnswerReply = std::function<void(Result<keeper::Answer>)>;
    void connect();
    void retry();
    void request(keeper::Request request, AnswerReply done);
    void send(keeper::Request request, AnswerReply done);
    void ask(keeper::Request::Op op, const std::string& id, const std::string& nonce, int signal,
             Done done);
    void onReady(std::uint32_t events);
    void receive();
    bool readFrames();
    void onFrame(const std::string& text);
    void flush();
    void lost(const std::string& reason);

    EpollLoop& loop_;
    std::string stateDirectory_;
    KeeperObserver& observer_;
    std::function<void()> revive_;
    std::function<void()> onEnding_;
    std::shared_ptr<bool> isAlive_ = std::make_shared<bool>(true);  // with what is posted
    UniqueFd socket_;
    bool isAttached_ = false;
    keeper::FrameReader reader_{keeper::kMaxAnswer};
    std::string unsent_;
    std::uint64_t nextSeq_ = 1;
    std::unordered_map<std::uint64_t, AnswerReply> pending_;
    std::chrono::milliseconds wait_{20};
    TimerId timer_ = 0;
    TimePoint lostSince_{};
    TimePoint revivedAt_{};
};

}  // namespace muster::supervisor
