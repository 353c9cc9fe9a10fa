#include "common/process/unix_address.hpp"
#include "test/integration/process/process_fixture.hpp"

#include <array>

#include <sys/socket.h>

namespace muster::test {

/// A keeper that reads what it is asked and answers when the test says so.
class SlowKeeper : public ProcessTest {
protected:
    void listen() {
        std::filesystem::create_directories(state());
        const UnixAddress address(state(), keeper::kSocketFile);
        listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(listener_.get(), address.get(), address.size()), 0);
        ASSERT_EQ(::listen(listener_.get(), 1), 0);
    }
    void accept() {
        link_ = std::make_unique<supervisor::KeeperLink>(loop_, state(), *this);
        link_->start();
        socket_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        ASSERT_TRUE(socket_);
    }
    /// Everything that it has been asked and was not read yet.
    std::vector<keeper::Request> asked() {
        std::array<char, 4096> chunk{};
        for (;;) {
            const auto got = ::read(socket_.get(), chunk.data(), chunk.size());
            if (got <= 0) break;
            reader_.feed({chunk.data(), static_cast<std::size_t>(got)});
        }
        std::vector<keeper::Request> requests;
        for (auto text = reader_.next(); text && *text; text = reader_.next()) {
            auto request = keeper::decodeRequest(**text);
            EXPECT_TRUE(request);
            if (request) requests.push_back(std::move(*request));
        }
        return requests;
    }
    void answer(std::uint64_t seq) {
        keeper::Answer answer;
        answer.seq = seq;
        const std::string text = keeper::frame(keeper::encode(answer));
        ASSERT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }

    UniqueFd listener_, socket_;
    keeper::FrameReader reader_{keeper::kMaxRequest};
};

// It would come back as a server that runs, after a list in which it does not: a second start.
TEST_F(SlowKeeper, IsAskedForNothingBeforeItHasSaidWhatItHolds) {
    listen();
    accept();
    const auto first = asked();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first.front().op, keeper::Request::Op::Attach);
    std::optional<Errc> early;
    link_->spawn(request("one", {"sleep"}), [&](auto child) { early = child.error().code(); });
    ASSERT_TRUE(runUntil([&] { return early.has_value(); }));
    EXPECT_EQ(*early, Errc::Closed);
    EXPECT_TRUE(asked().empty());
    answer(first.front().seq);
    ASSERT_TRUE(runUntil([&] { return link_->isAttached(); }));
    link_->spawn(request("one", {"sleep"}), [](auto) {});
    const auto second = asked();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second.front().op, keeper::Request::Op::Spawn);
}

}  // namespace muster::test
