#include "common/once_reply.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace muster {
namespace {

class Once {
public:
    explicit Once(Reply inner) : inner_(std::move(inner)) {}
    ~Once() { call(Error(Errc::Failed, "handler gave no answer")); }
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;

    void call(Result<JsonText> result) noexcept {
        if (isCalled_.exchange(true)) return;
        const Reply inner = std::move(inner_);
        try {
            inner(std::move(result));
        } catch (...) {  // NOLINT(bugprone-empty-catch): see onceReply()
        }
    }

private:
    std::atomic<bool> isCalled_{false};
    Reply inner_;
};

}  // namespace

Reply onceReply(Reply inner) {
    if (!inner) return [](Result<JsonText>) {};
    // Shared among the copies that a std::function makes.
    return [once = std::make_shared<Once>(std::move(inner))](Result<JsonText> result) {
        once->call(std::move(result));
    };
}

}  // namespace muster
