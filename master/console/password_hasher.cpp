#include "master/console/password_hasher.hpp"

#include "common/log.hpp"
#include "master/console/digest.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <argon2.h>

namespace muster {
namespace {

constexpr std::string_view kPrefix = "$argon2id$";
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kSaltBytes = 16;

}  // namespace

PasswordHasher::PasswordHasher(EventLoop& loop, Options options)
    : loop_(loop), options_(options), thread_([this] { run(); }) {}

PasswordHasher::~PasswordHasher() {
    {
        std::lock_guard lock(mutex_);
        isStopping_ = true;
        jobs_.clear();
    }
    wake_.notify_one();
    thread_.join();  // at most the one hash under way
}

std::shared_ptr<PasswordHasher::Credential> PasswordHasher::load(std::string stored) {
    auto credential = std::make_shared<Credential>();
    if (stored.starts_with(kPrefix)) {
        credential->encoded = std::move(stored);  // before any job can see it
        return credential;
    }
    push([this, credential, md5 = digest::md5Hex(stored)] { credential->encoded = hash(md5); });
    return credential;
}

Result<void> PasswordHasher::verify(std::shared_ptr<Credential> credential, std::string md5,
                                    std::function<void(bool)> done) {
    if (verifications_ >= options_.maxQueued)
        return Error(Errc::Limit, "too many logins wait for their password check: try again");
    ++verifications_;
    // `done` moves on to the loop, so that what it holds never dies on the hasher's thread.
    push([this, credential = std::move(credential), md5 = std::move(md5), done = std::move(done),
          alive = std::weak_ptr<bool>(alive_)]() mutable {
        const bool isRight =
            argon2id_verify(credential->encoded.c_str(), md5.data(), md5.size()) == ARGON2_OK;
        loop_.post([this, alive = std::move(alive), done = std::move(done), isRight] {
            if (alive.expired()) return;
            --verifications_;
            done(isRight);
        });
    });
    return {};
}

void PasswordHasher::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return isStopping_ || !jobs_.empty(); });
        if (isStopping_) return;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        job = nullptr;  // its captures go outside the lock
        lock.lock();
    }
}

void PasswordHasher::push(std::function<void()> job) {
    {
        std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

std::string PasswordHasher::hash(const std::string& md5) const {
    const auto salt = digest::randomHex(kSaltBytes / 2);
    std::array<char, 128> encoded{};
    const int code = !salt
                         ? ARGON2_SALT_TOO_SHORT
                         : argon2id_hash_encoded(options_.passes, options_.memoryKib, 1, md5.data(),
                                                 md5.size(), salt->data(), salt->size(), kHashBytes,
                                                 encoded.data(), encoded.size());
    if (code == ARGON2_OK) return encoded.data();
    log::error("auth", "a password could not be hashed, its user cannot log in: {}",
               argon2_error_message(code));
    return {};
}

}  // namespace muster
