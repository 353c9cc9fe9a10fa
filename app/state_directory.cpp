#include "app/state_directory.hpp"

#include <filesystem>

namespace muster::app {

Result<void> makeStateDirectory(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    const bool isNew = fs::create_directories(path, error);
    if (error)
        return Error(Errc::Failed, "cannot make the state directory " + path + ": " +
                                       error.message() + "; set \"stateDirectory\" in muster.json");
    if (isNew) {
        fs::permissions(path, fs::perms::owner_all, error);
        return {};
    }
    const auto mode = fs::status(path, error).permissions();
    if ((mode & fs::perms::others_write) != fs::perms::none)
        return Error(Errc::Failed, "everybody may write to the state directory " + path +
                                       ": chmod o-w it, or set another \"stateDirectory\" in "
                                       "muster.json");
    return {};
}

}  // namespace muster::app
