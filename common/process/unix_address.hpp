#pragma once

#include "common/process/unique_fd.hpp"

#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

namespace muster {

/// The address of a unix socket `<directory>/<file>`. A path that is too long for it (108 bytes) is
/// written through /proc/self/fd, which holds while this object lives.
class UnixAddress {
public:
    UnixAddress(const std::string& directory, std::string_view file);
    /// An abstract address (unix(7)): `name` without the leading NUL, at most 107 bytes.
    explicit UnixAddress(std::string_view abstractName);
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
    socklen_t size() const { return size_; }

private:
    UniqueFd directory_;
    sockaddr_un address_{};
    socklen_t size_ = sizeof(sockaddr_un);
};

}  // namespace muster
