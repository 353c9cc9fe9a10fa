#include "common/log.hpp"

#include "common/line_writer.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include <nlohmann/json.hpp>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace muster::log {
namespace {

/// One writer at a time, as the state's lock has it.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        writer_.write({line.data(), line.size()});
    }
    void flush_() override {}  // nothing is kept

    LineWriter writer_{STDERR_FILENO};
};

struct State {
    std::mutex mutex;
    std::shared_ptr<spdlog::logger> logger;
    std::map<std::string, Level, std::less<>> levels;
    Format format = Format::Text;
};

// The one process-wide object: a log is where every thread's lines meet.
State& state() {
    static State instance;
    return instance;
}

std::atomic<Level> lowest{Level::Info};
std::atomic<Level> common{Level::Info};

spdlog::level::level_enum spdlogLevel(Level level) {
    switch (level) {
        case Level::Debug: return spdlog::level::debug;
        case Level::Info: return spdlog::level::info;
        case Level::Warn: return spdlog::level::warn;
        case Level::Error: return spdlog::level::err;
        case Level::Off: break;
    }
    return spdlog::level::off;
}

std::shared_ptr<spdlog::logger> makeLogger(const Options& options) {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (options.file.empty())
        sink = std::make_shared<StderrSink>();
    else if (options.maxFileSize == 0)
        sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    else
        sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
            options.file, options.maxFileSize, options.maxOldFiles);
    auto logger = std::make_shared<spdlog::logger>("muster", std::move(sink));
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::info);
    logger->set_pattern(options.format == Format::Json ? "%v" : "%Y-%m-%d %H:%M:%S.%e %l %v");
    return logger;
}

/// Also those above ASCII, which are two bytes: a terminal obeys U+009B as it does ESC [.
std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool mayBeControl = false;  // the byte before is what U+0080 to U+009F begin with
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (mayBeControl && byte >= 0x80 && byte < 0xa0) {
            out.pop_back();
            out += fmt::format("\\u00{:02x}", byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += c;
        }
        mayBeControl = byte == 0xc2;
    }
    return out;
}

void updateLowest() {
    Level level = common.load();
    for (const auto& [component, own] : state().levels) level = std::min(level, own);
    lowest = level;
}

std::string jsonLine(Level level, std::string_view component, std::string_view text) {
    static constexpr const char* kNames[] = {"debug", "info", "warn", "error", "off"};
    nlohmann::json line = {
        {"level", kNames[static_cast<int>(level)]}, {"component", component}, {"message", text}};
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void configure(const Options& options) {
    std::lock_guard lock(state().mutex);
    state().logger = makeLogger(options);
    state().format = options.format;
    common = options.level;
    updateLowest();
}

void setLevel(Level level) noexcept {
    std::lock_guard lock(state().mutex);
    common = level;
    updateLowest();
}

void setLevel(std::string_view component, Level level) {
    std::lock_guard lock(state().mutex);
    state().levels.insert_or_assign(std::string(component), level);
    updateLowest();
}

bool isEnabled(Level level) noexcept {
    return level >= lowest.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view component, std::string_view text) {
    std::lock_guard lock(state().mutex);
    const auto own = state().levels.find(component);
    if (level < (own == state().levels.end() ? common.load() : own->second)) return;
    if (!state().logger) state().logger = makeLogger(Options());
    if (state().format == Format::Json)
        state().logger->log(spdlogLevel(level), jsonLine(level, component, text));
    else
        state().logger->log(spdlogLevel(level), fmt::format("[{}] {}", component, escaped(text)));
}

}  // namespace muster::log
