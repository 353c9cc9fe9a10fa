#include "common/process/unix_address.hpp"

#include <algorithm>
#include <cstddef>

#include <fcntl.h>

namespace muster {

UnixAddress::UnixAddress(const std::string& directory, std::string_view file) {
    address_.sun_family = AF_UNIX;
    std::string path = directory + "/" + std::string(file);
    if (path.size() >= sizeof address_.sun_path) {
        directory_.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        path = "/proc/self/fd/" + std::to_string(directory_.get()) + "/" + std::string(file);
    }
    path.copy(address_.sun_path, sizeof address_.sun_path - 1);
}

UnixAddress::UnixAddress(std::string_view abstractName) {
    address_.sun_family = AF_UNIX;
    const auto length = std::min(abstractName.size(), sizeof address_.sun_path - 1);
    abstractName.copy(address_.sun_path + 1, length);
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
}

}  // namespace muster
