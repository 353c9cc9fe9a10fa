#include "common/config/source.hpp"

#include "common/wire/topics.hpp"

#include <fstream>

#include <fmt/core.h>
#include <stdlib.h>
#include <string.h>

namespace muster::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFiles[] = {"muster.json", "master.json", "servers.json"};

bool isFile(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

bool holdsConfig(const fs::path& directory, const std::string& env) {
    for (const char* name : kFiles)
        if (isFile(directory / name) || isFile(directory / env / name)) return true;
    return false;
}

std::string environment(const std::string& given) {
    if (!given.empty()) return given;
    for (const char* name : {"MUSTER_ENV", "NODE_ENV"})
        if (const char* value = ::getenv(name); value != nullptr && *value != '\0') return value;
    return "development";
}

/// The directory above config/; a config directory of another name is its own base.
fs::path baseOf(const fs::path& configDirectory) {
    std::error_code failed;
    fs::path absolute = fs::weakly_canonical(configDirectory, failed);
    if (failed) absolute = fs::absolute(configDirectory, failed).lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();
    return absolute.filename() == "config" ? absolute.parent_path() : absolute;
}

/// The bytes of a file; at most one more than may be, so that readJson() refuses what is larger.
std::optional<std::string> bytesOf(const fs::path& path, std::string& cause) {
    std::ifstream in(path, std::ios::binary);
    std::string text;
    std::string chunk(1 << 16, '\0');
    while (in && text.size() <= kMaxFileSize) {
        in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        text.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
    }
    if (in.is_open() && !in.bad()) return text;
    cause = ::strerror(errno);
    return std::nullopt;
}

}  // namespace

std::optional<Location> locate(const std::string& path, const std::string& env,
                               Problems& problems) {
    Location location;
    location.env = environment(env);
    if (!wire::isValidId(location.env)) {
        problems.error(
            {path, 0, ""},
            fmt::format("\"{}\" is no name of an environment: use letters, digits, . _ -",
                        location.env.substr(0, 100)));
        return std::nullopt;
    }
    const fs::path given = path.empty() ? fs::path(".") : fs::path(path);
    if (isFile(given)) {
        location.configDirectory = given.has_parent_path() ? given.parent_path() : fs::path(".");
    } else if (holdsConfig(given / "config", location.env)) {
        location.configDirectory = given == "." ? fs::path("config") : given / "config";
    } else if (holdsConfig(given, location.env)) {
        location.configDirectory = given;
    } else {
        problems.error({path, 0, ""},
                       "no configuration here: there is neither config/muster.json nor "
                       "config/master.json; name another directory with -c");
        return std::nullopt;
    }
    location.base = baseOf(location.configDirectory);
    return location;
}

std::optional<SourceFile> readSource(const Location& location, const std::string& name,
                                     bool hasEnvironments, Problems& problems) {
    fs::path path = location.configDirectory / name;
    bool isShared = true;
    if (!isFile(path)) {
        path = location.configDirectory / location.env / name;
        isShared = false;
        if (!isFile(path)) return std::nullopt;
    }
    SourceFile source;
    source.file = path.string();
    problems.begin(source.file);
    std::string cause;
    const auto text = bytesOf(path, cause);
    if (!text) {
        problems.error({source.file, 0, ""}, fmt::format("cannot be read: {}", cause));
        return std::nullopt;
    }
    JsonDocument document = readJson(*text);
    for (const auto& fault : document.faults)
        problems.error(
            {source.file, fault.line, fault.pointer},
            fault.column > 0 ? fmt::format("column {}: {}", fault.column, fault.text) : fault.text);
    if (!document.root) return std::nullopt;
    const JsonValue* block =
        isShared && hasEnvironments ? document.root->find(location.env) : nullptr;
    if (block != nullptr) source.pointer = childPointer("", location.env);
    source.value = block != nullptr ? JsonValue(*block) : std::move(*document.root);
    return source;
}

}  // namespace muster::config
