#pragma once

#include "common/config/cluster_config.hpp"
#include "common/log_quota.hpp"
#include "master/console/authenticator.hpp"
#include "master/console/password_hasher.hpp"
#include "master/console/token_file.hpp"

#include <muster/master.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace muster {

/// The Authenticator of a configured cluster: users of adminUser.json, tokens of adminServer.json,
/// and the tokens that muster made for itself (docs/decisions.md, "Who a connection is"). On the
/// owner's loop, which outlives it; callbacks do not come after its destruction.
class ConfigAuthenticator final : public Authenticator {
public:
    struct Counters {
        std::uint64_t accepted = 0;
        std::uint64_t refused = 0;
        std::uint64_t overloaded = 0;  // of the refused: too many password checks waited
    };

    /// Copies what it needs of `cluster`. Clear passwords are hashed in the background from here
    /// on.
    ConfigAuthenticator(EventLoop& loop, const config::Cluster& cluster, Tokens tokens,
                        PasswordHasher::Options options = {});
    ~ConfigAuthenticator() override;
    ConfigAuthenticator(const ConfigAuthenticator&) = delete;
    ConfigAuthenticator& operator=(const ConfigAuthenticator&) = delete;

    /// Who is asked about names that are not configured. Before the first login; empty: nobody.
    /// Whose name `isServers` knows as one that a server has is not let in as a user.
    void setLogin(LoginHook hook, std::function<bool(std::string_view name)> isServers = {}) {
        login_ = std::move(hook);
        isServers_ = std::move(isServers);
    }

    void authenticate(std::string username, std::string password,
                      std::function<void(Identity)> done) override;
    std::optional<Identity> certified(std::string_view name) const override;
    void authenticateUser(std::string username, std::string password, bool isMd5,
                          std::function<void(Result<int> level)> done) override;
    bool isValidToken(std::string_view serverType, std::string_view token) const override;
    Result<int> levelOf(std::string_view username) const override;

    /// Whether a pomelo monitor may be called `id` and be of `serverType`: not if the id is a
    /// user's, a node's or a reserved name, nor if the configuration gives that id another type.
    bool mayBePomeloServer(std::string_view id, std::string_view serverType) const;

    /// Takes over users and server tokens as `cluster` has them now. True for identities whose
    /// rights changed by it: their password, token or level, or they are no more, or their name is
    /// a new user's.
    std::function<bool(const Identity&)> reload(const config::Cluster& cluster);

    /// A server that was added at run time counts as one of the configuration from here on; one of
    /// that id that is known keeps its type.
    void addServer(const std::string& id, const std::string& type);

    /// Whether `id` is a server of the configuration: nobody else may connect under it.
    bool isServerId(std::string_view id) const { return serverTypes_.contains(id); }

    const Counters& counters() const { return counters_; }

private:
    struct User {
        config::User entry;  // what it was made of
        int level = 2;
        std::shared_ptr<PasswordHasher::Credential> credential;
    };

    /// To the loop, for answers of the hook: they come from any thread, and when they like.
    struct Door {
        std::mutex mutex;
        EventLoop* loop = nullptr;  // null: closed
    };

    void checkPassword(const std::string& username, std::string md5,
                       std::function<void(Result<int>)> done);
    void finishUser(std::string_view username, bool isRight, std::string cacheKey,
                    const std::function<void(Result<int>)>& done);
    Identity certifiedServer(const std::string& name) const;
    Identity certifiedUser(const std::string& name) const;
    void askHook(std::string username, std::string password, std::function<void(Identity)> done);
    Identity judged(LoginVerdict verdict, const std::string& username, std::string_view password);
    void rememberGuest(const std::string& name, int level);
    Identity monitorIdentity(const std::string& name, std::string_view password) const;
    std::string cacheKey(std::string_view username, std::string_view md5) const;
    Error refusal();

    std::set<std::string> loadUsers(const std::vector<config::User>& users);

    std::map<std::string, User, std::less<>> users_;
    std::map<std::string, std::string, std::less<>> serverTypes_;  // configured server id -> type
    std::vector<config::ServerToken> serverTokens_;
    bool hasServerTokens_ = false;
    Tokens tokens_;
    LoginHook login_;
    std::function<bool(std::string_view)> isServers_;
    std::map<std::string, int, std::less<>> guests_;  // whom the hook let in: level by name
    std::deque<std::string> guestOrder_;              // the oldest in front
    std::shared_ptr<Door> door_;                      // shared with answers that are still to come
    std::string adminTokenMd5_;
    std::string cacheSalt_;                     // of this process: the keys say nothing outside it
    std::unordered_set<std::string> verified_;  // right (user, md5) pairs, hashed; in memory only
    Counters counters_;
    log::Quota refusals_;
    PasswordHasher hasher_;
    std::shared_ptr<PasswordHasher::Credential> nobody_;  // so that an unknown user takes as long
};

}  // namespace muster
