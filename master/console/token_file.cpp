#include "master/console/token_file.hpp"

#include "master/console/digest.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenDigits = kTokenBytes * 2;

class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return descriptor_; }
    bool isOpen() const { return descriptor_ >= 0; }

private:
    int descriptor_;
};

Error problem(const std::string& path, std::string_view what) {
    return Error(Errc::Failed, path + ": " + std::string(what));
}

Error systemProblem(const std::string& path) {
    return problem(path, std::strerror(errno));
}

bool isToken(std::string_view text) {
    return text.size() == kTokenDigits &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::string> readToken(const std::string& path, int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return systemProblem(path);
    if (!S_ISREG(status.st_mode)) return problem(path, "is not a plain file: remove it");
    if ((status.st_mode & 077U) != 0)
        return problem(path, "others may read or write it: delete it, and a new one is made");
    std::array<char, kTokenDigits + 2> buffer{};
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size < 0) return systemProblem(path);
    std::string text(buffer.data(), static_cast<std::size_t>(size));
    if (text.ends_with('\n')) text.pop_back();
    if (!isToken(text))
        return problem(path, "is not a token of 64 hex digits: delete it, and a new one is made");
    return text;
}

/// Writes beside and links into place, so that no reader ever sees half a token and no file of
/// another starter is overwritten.
Result<void> createToken(const std::string& path) {
    auto token = digest::randomHex(kTokenBytes);
    auto suffix = digest::randomHex(8);
    if (!token || !suffix) return (!token ? token : suffix).error();
    const std::string draft = path + "." + *suffix;
    const File file(
        ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.isOpen()) return systemProblem(draft);
    const std::string line = *token + "\n";
    const bool isWritten =
        ::write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
        ::fsync(file.get()) == 0;
    const bool isThere = isWritten && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const int cause = errno;
    ::unlink(draft.c_str());
    errno = cause;
    if (!isThere) return systemProblem(path);
    return {};
}

}  // namespace

Result<std::string> readOrCreateToken(const std::string& path) {
    for (int round = 0; round < 2; ++round) {
        const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (file.isOpen()) return readToken(path, file.get());
        if (errno != ENOENT) return systemProblem(path);
        if (auto made = createToken(path); !made) return made.error();
    }
    return problem(path, "was removed while it was being made");
}

Result<Tokens> readOrCreateTokens(const std::string& stateDirectory) {
    Tokens tokens;
    for (auto [name, place] :
         {std::pair("admin.token", &tokens.admin), std::pair("node.token", &tokens.node),
          std::pair("server.token", &tokens.server)}) {
        auto token = readOrCreateToken(stateDirectory + "/" + name);
        if (!token) return token.error();
        *place = *token;
    }
    return tokens;
}

}  // namespace muster
