// A server that does nothing but say when it began: appends "NAME PID NANOSECONDS", by the
// monotonic clock, as its first act. Usage: muster_bench_witness FILE NAME
#include <cstdio>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    if (argc != 3 || std::strlen(argv[2]) > 100) return 2;
    char line[200];
    const int size =
        std::snprintf(line, sizeof line, "%s %d %lld%09ld\n", argv[2], static_cast<int>(::getpid()),
                      static_cast<long long>(now.tv_sec), now.tv_nsec);
    const int file = ::open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0 || ::write(file, line, static_cast<std::size_t>(size)) != size) return 1;
    ::close(file);
    while (true) ::pause();
}
