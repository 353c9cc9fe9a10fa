#pragma once

#include "common/event_loop.hpp"

#include <muster/result.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace muster {

/// Argon2id on one thread of its own, so that a login never holds up the loop (design, "Security").
/// What is hashed is md5hex(password): so a client that sends the clear password and one that sends
/// its md5 verify alike. Call from the owner's loop; results are posted there, never after
/// destruction. The loop outlives it.
class PasswordHasher {
public:
    struct Options {
        std::size_t maxQueued = 64;        // verifications that wait; above: Limit
        std::uint32_t memoryKib = 19'456;  // OWASP's first choice for argon2id: 19 MiB, 2 passes
        std::uint32_t passes = 2;
    };
    /// A stored password. Shared between its owner and the jobs under way; its text is written and
    /// read by the hasher's thread only.
    struct Credential {
        std::string encoded;  // "$argon2id$..."; empty until hashed: then nothing verifies
    };

    PasswordHasher(EventLoop& loop, Options options);
    ~PasswordHasher();
    PasswordHasher(const PasswordHasher&) = delete;
    PasswordHasher& operator=(const PasswordHasher&) = delete;

    /// Takes `stored` as it is if it is an "$argon2id$" string, else as a clear password: hashed in
    /// the background, before any later verification. Not bounded: for what the configuration
    /// holds.
    std::shared_ptr<Credential> load(std::string stored);
    /// Whether `md5` (hex) is the password's of `credential`. Limit, and no call, if too many wait.
    Result<void> verify(std::shared_ptr<Credential> credential, std::string md5,
                        std::function<void(bool)> done);

private:
    void run();
    void push(std::function<void()> job);
    std::string hash(const std::string& md5) const;

    EventLoop& loop_;
    const Options options_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // weak in results under way
    std::size_t verifications_ = 0;                               // on the loop only
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool isStopping_ = false;
    std::thread thread_;  // last: runs with everything above in place
};

}  // namespace muster
