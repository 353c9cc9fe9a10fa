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

/// Also what cannot be read: it must be reported, not passed over.
bool isThere(const fs::path& path) {
    std::error_code ignored;
    return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

bool holdsConfig(const fs::path& directory, const std::string& env) {
    for (const char* name : kFiles)
        if (isThere(directory / name) || isThere(directory / env / name)) return true;
    return false;
}

/// The environments of a file that holds nothing but blocks of environments.
std::vector<std::string> environmentsOf(const JsonValue& root, const std::string& name) {
    const bool isOfLists = name == "adminUser.json" || name == "adminServer.json";
    const auto block = isOfLists ? JsonValue::Kind::Array : JsonValue::Kind::Object;
    std::vector<std::string> names;
    for (const auto& member : root.members) {
        if (member.value.kind != block) return {};
        names.push_back(member.key);
    }
    return names;
}

std::string missingBlock(const std::string& env, const std::vector<std::string>& others) {
    return fmt::format(
        "has no block for the environment \"{}\", only for {}: add it, or choose another one with "
        "-e.{}",
        env, enumerate(others), suggestion(env, others));
}

/// Why there is no file to read at `path`, where something is.
std::string obstacle(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found)
        return "is a link to a file that does not exist: correct or remove it";
    if (error) return "cannot be read: " + error.message();
    const bool isDirectory = status.type() == fs::file_type::directory;
    return std::string(isDirectory ? "is a directory" : "is no plain file") +
           ": put a file there, or remove it";
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

/// A directory that may not be searched hides everything below it: said once, not of each file.
bool isHidden(const fs::path& directory, Problems& problems) {
    std::error_code error;
    if (fs::exists(directory / ".", error) || !error) return false;  // or there is none
    problems.error({directory.string(), 0, ""}, fmt::format("cannot be read: {}", error.message()));
    return true;
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
    if (isHidden(given, problems) || isHidden(given / "config", problems)) return std::nullopt;
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

bool isConfigHere(const std::string& env) {
    return holdsConfig("config", environment(env));
}

std::optional<SourceFile> readSource(const Location& location, const std::string& name,
                                     bool hasEnvironments, Problems& problems) {
    fs::path path = location.configDirectory / name;
    const bool isShared = isThere(path);
    if (!isShared) path = location.configDirectory / location.env / name;
    if (!isThere(path)) return std::nullopt;
    SourceFile source;
    source.file = path.string();
    problems.begin(source.file);
    if (!isFile(path)) {
        problems.error({source.file, 0, ""}, obstacle(path));
        return std::nullopt;
    }
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
    const auto others = hasEnvironments && block == nullptr ? environmentsOf(*document.root, name)
                                                            : std::vector<std::string>();
    if (!others.empty()) {
        problems.error({source.file, document.root->line, ""},
                       isShared ? missingBlock(location.env, others)
                                : "holds blocks of environments, but stands in the folder of one: "
                                  "leave only what is in the block, or move it one folder up");
        return std::nullopt;
    }
    if (block != nullptr) source.pointer = childPointer("", location.env);
    source.value = block != nullptr ? JsonValue(*block) : std::move(*document.root);
    return source;
}

}  // namespace muster::config
