#include "master/console/reply_guard.hpp"

#include "common/wire/json_scanner.hpp"

#include <list>
#include <string>
#include <utility>

namespace muster {

/// The open requests, oldest first: all have the same deadline after their start.
struct ReplyGuard::Waiting {
    std::list<Open*> open;
};

/// One open request; lives as long as a copy of the Reply that was given to the module.
class ReplyGuard::Open {
public:
    Open(std::shared_ptr<Waiting> waiting, Reply reply, std::string_view moduleId, TimePoint due)
        : waiting_(std::move(waiting)), reply_(std::move(reply)), moduleId_(moduleId), due_(due) {
        place_ = waiting_->open.insert(waiting_->open.end(), this);
    }
    ~Open() { answer(Error(Errc::Failed, "module " + moduleId_ + " gave no answer")); }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

    void answer(Result<JsonText> result) {
        if (!reply_) return;
        waiting_->open.erase(place_);
        if (result && !result->empty() && !wire::isValidJson(*result))
            result = Error(Errc::Failed, "module " + moduleId_ + " answered what is not JSON");
        std::exchange(reply_, {})(std::move(result));
    }
    TimePoint due() const { return due_; }
    const std::string& moduleId() const { return moduleId_; }

private:
    std::shared_ptr<Waiting> waiting_;
    Reply reply_;
    std::string moduleId_;
    TimePoint due_;
    std::list<Open*>::iterator place_;
};

ReplyGuard::ReplyGuard(EventLoop& loop, std::chrono::milliseconds deadline, std::size_t maxOpen)
    : loop_(loop), deadline_(deadline), maxOpen_(maxOpen), waiting_(std::make_shared<Waiting>()) {}

ReplyGuard::~ReplyGuard() {
    if (timer_ != 0) loop_.cancel(timer_);
    while (!waiting_->open.empty())
        waiting_->open.front()->answer(Error(Errc::Closed, "the master is stopping"));
}

std::size_t ReplyGuard::open() const {
    return waiting_->open.size();
}

Reply ReplyGuard::guard(Reply reply, std::string_view moduleId) {
    if (!reply) return [](const Result<JsonText>&) {};
    if (waiting_->open.size() >= maxOpen_) {
        reply(Error(Errc::Limit, "too many requests are open"));
        return {};
    }
    auto open =
        std::make_shared<Open>(waiting_, std::move(reply), moduleId, loop_.now() + deadline_);
    if (timer_ == 0) arm();
    return [open = std::move(open)](Result<JsonText> result) { open->answer(std::move(result)); };
}

/// One timer for all: it stands at the deadline of the oldest.
void ReplyGuard::arm() {
    if (waiting_->open.empty()) return;
    const auto wait = waiting_->open.front()->due() - loop_.now();
    timer_ = loop_.after(std::chrono::ceil<std::chrono::milliseconds>(wait), [this] { expire(); });
}

void ReplyGuard::expire() {
    timer_ = 0;
    const TimePoint now = loop_.now();
    while (!waiting_->open.empty() && waiting_->open.front()->due() <= now) {
        Open& oldest = *waiting_->open.front();
        oldest.answer(
            Error(Errc::Timeout, "module " + oldest.moduleId() + " did not answer in time"));
    }
    if (timer_ == 0) arm();
}

}  // namespace muster
