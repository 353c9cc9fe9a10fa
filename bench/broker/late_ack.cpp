#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

// Preloaded into a broker, TCP_QUICKACK is neither set nor paid for: the kernel delays its
// acknowledgements as it does for everybody.
extern "C" int setsockopt(int fd, int level, int name, const void* value, socklen_t size) {
    using SetSockOpt = int (*)(int, int, int, const void*, socklen_t);
    static const auto real = reinterpret_cast<SetSockOpt>(::dlsym(RTLD_NEXT, "setsockopt"));
    if (level == IPPROTO_TCP && name == TCP_QUICKACK) return 0;
    return real(fd, level, name, value, size);
}
