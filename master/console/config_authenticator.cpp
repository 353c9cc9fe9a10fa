#include "master/console/config_authenticator.hpp"

#include "common/log.hpp"
#include "common/wire/topics.hpp"
#include "master/console/digest.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

namespace muster {
namespace {

constexpr std::string_view kAdminName = "admin";
constexpr std::string_view kNodePrefix = "node-";
constexpr std::string_view kNodeType = "node";
constexpr std::size_t kMaxName = 256;       // bytes
constexpr std::size_t kMaxPassword = 1024;  // bytes
constexpr std::size_t kMaxVerified = 256;
constexpr std::size_t kMaxGuests = 10'000;

Identity denied() {
    return {};
}

Identity anonymous() {
    return {Identity::Role::Anonymous, std::string(wire::kAnonymousName), {}, 2};
}

/// Everything but 1 may look only: pomelo's "no level" logs in and may do nothing restricted.
int effectiveLevel(int configured) {
    return configured == 1 ? 1 : 2;
}

std::string lowerCase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

/// Whether every JavaScript object seems to have a member of this name.
bool isInheritedInJavaScript(std::string_view name) {
    static constexpr std::string_view kNames[] = {
        "__defineGetter__", "__defineSetter__", "__lookupGetter__",
        "__lookupSetter__", "__proto__",        "constructor",
        "hasOwnProperty",   "isPrototypeOf",    "propertyIsEnumerable",
        "toLocaleString",   "toString",         "valueOf"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

ConfigAuthenticator::ConfigAuthenticator(EventLoop& loop, const config::Cluster& cluster,
                                         Tokens tokens, PasswordHasher::Options options)
    : serverTokens_(cluster.serverTokens),
      hasServerTokens_(cluster.hasServerTokens),
      tokens_(std::move(tokens)),
      door_(std::make_shared<Door>()),
      adminTokenMd5_(digest::md5Hex(tokens_.admin)),
      hasher_(loop, options) {
    door_->loop = &loop;
    for (const auto& server : cluster.servers) serverTypes_.emplace(server.id, server.type);
    (void)loadUsers(cluster.users);  // all are new
    const auto random = digest::randomHex(32);
    cacheSalt_ = random ? *random : std::string();
    nobody_ = hasher_.load(cacheSalt_);
}

ConfigAuthenticator::~ConfigAuthenticator() {
    const std::lock_guard lock(door_->mutex);
    door_->loop = nullptr;
}

// Who is as before keeps his credential: it is hashed already, and a login of his may be under way.
// The names of all others: changed, new, or gone.
std::set<std::string> ConfigAuthenticator::loadUsers(const std::vector<config::User>& users) {
    std::set<std::string> changed;
    const auto before = std::exchange(users_, {});
    for (const auto& [name, user] : before) changed.insert(name);
    for (const auto& user : users) {
        const auto known = before.find(user.username);
        const bool isSame = known != before.end() && known->second.entry == user;
        if (isSame)
            changed.erase(user.username);
        else
            changed.insert(user.username);
        users_.emplace(user.username, isSame ? known->second
                                             : User{user, effectiveLevel(user.level),
                                                    hasher_.load(user.password)});
    }
    return changed;
}

std::function<bool(const Identity&)> ConfigAuthenticator::reload(const config::Cluster& cluster) {
    std::set<std::string> users = loadUsers(cluster.users);
    // A guest or a server that bears a new user's name would get his level.
    for (const std::string& name : users) guests_.erase(name);
    std::set<std::string> types;  // whose servers have another token
    for (const auto& old : serverTokens_)
        if (std::find(cluster.serverTokens.begin(), cluster.serverTokens.end(), old) ==
            cluster.serverTokens.end())
            types.insert(old.type);
    const bool isOtherKind = hasServerTokens_ != cluster.hasServerTokens;
    serverTokens_ = cluster.serverTokens;
    hasServerTokens_ = cluster.hasServerTokens;
    verified_.clear();
    return [users = std::move(users), types, isOtherKind](const Identity& identity) {
        if (identity.role == Identity::Role::Admin) return users.contains(identity.name);
        const bool isServer =
            identity.role == Identity::Role::Monitor && identity.serverType != kNodeType;
        return isServer && (isOtherKind || types.contains(identity.serverType) ||
                            users.contains(identity.name));
    };
}

void ConfigAuthenticator::addServer(const std::string& id, const std::string& type) {
    serverTypes_.emplace(id, type);
}

void ConfigAuthenticator::authenticate(std::string username, std::string password,
                                       std::function<void(Identity)> done) {
    const bool isAnonymous = username.empty() || username == wire::kAnonymousName;
    if (isAnonymous) return done(password.empty() ? anonymous() : denied());
    if (username.size() > kMaxName || password.size() > kMaxPassword ||
        username == wire::kMasterName)
        return done(denied());
    if (username == kAdminName || users_.contains(username)) {
        auto finish = [username, done = std::move(done)](const Result<int>& level) {
            done(level ? Identity{Identity::Role::Admin, username, {}, *level} : denied());
        };
        return authenticateUser(std::move(username), std::move(password), false, std::move(finish));
    }
    const bool isConfigured = serverTypes_.contains(username) || username.starts_with(kNodePrefix);
    if (login_ && !isConfigured && wire::isValidId(username))  // it stands in topics
        return askHook(std::move(username), std::move(password), std::move(done));
    Identity identity = monitorIdentity(username, password);
    ++(identity.role == Identity::Role::Denied ? counters_.refused : counters_.accepted);
    done(std::move(identity));
}

void ConfigAuthenticator::askHook(std::string username, std::string password,
                                  std::function<void(Identity)> done) {
    auto isAnswered = std::make_shared<std::atomic<bool>>(false);
    const auto answer = [this, door = door_, isAnswered, username, password,
                         done = std::move(done)](LoginVerdict verdict) {
        if (isAnswered->exchange(true)) return;
        const std::lock_guard lock(door->mutex);
        if (door->loop == nullptr) return;
        door->loop->post([this, door, username, password, done, verdict] {
            // Closed on this thread only.
            if (door->loop != nullptr) done(judged(verdict, username, password));
        });
    };
    try {
        login_(Login{username, password}, answer);
    } catch (const std::exception& failure) {
        log::warn("auth", "the login hook failed: {}", failure.what());
        answer(LoginVerdict::Refused);
    }
}

Identity ConfigAuthenticator::judged(LoginVerdict verdict, const std::string& username,
                                     std::string_view password) {
    // A reload may have given the name to somebody else meanwhile.
    if (users_.contains(username)) verdict = LoginVerdict::Refused;
    const bool isGuest = verdict == LoginVerdict::MayLook || verdict == LoginVerdict::MayChange;
    // Requests carry the name alone: the server would get the user's level.
    if (isGuest && isServers_ && isServers_(username)) {
        log::warn("auth", "login of '{}' refused: a server has this name", username);
        ++counters_.refused;
        return denied();
    }
    Identity identity = denied();
    // Who came as a user is no server: its requests would count as his.
    if (verdict == LoginVerdict::Unknown && !guests_.contains(username))
        identity = monitorIdentity(username, password);
    if (isGuest) {
        const int level = verdict == LoginVerdict::MayChange ? 1 : 2;
        rememberGuest(username, level);
        identity = {Identity::Role::Admin, username, {}, level};
    }
    ++(identity.role == Identity::Role::Denied ? counters_.refused : counters_.accepted);
    return identity;
}

// Requests carry the name alone. Who was let in so long ago that this many came since has to log in
// again.
void ConfigAuthenticator::rememberGuest(const std::string& name, int level) {
    if (guests_.insert_or_assign(name, level).second) guestOrder_.push_back(name);
    if (guestOrder_.size() <= kMaxGuests) return;
    guests_.erase(guestOrder_.front());
    guestOrder_.pop_front();
}

Identity ConfigAuthenticator::monitorIdentity(const std::string& name,
                                              std::string_view password) const {
    if (password.empty() || !wire::isValidId(name)) return denied();
    Identity identity{Identity::Role::Monitor, name, {}, 2};
    if (name.starts_with(kNodePrefix)) {  // no server's token makes a node: it obeys and reports
        identity.serverType = kNodeType;
        return digest::isEqualSecret(password, tokens_.node) ? identity : denied();
    }
    const auto configured = serverTypes_.find(name);
    if (configured != serverTypes_.end()) identity.serverType = configured->second;
    if (!hasServerTokens_)
        return digest::isEqualSecret(password, tokens_.server) ? identity : denied();
    bool isRight = false;
    for (const auto& entry : serverTokens_) {  // all of them, so that the time tells nothing
        const bool fits = configured == serverTypes_.end() || entry.type == configured->second;
        if (!digest::isEqualSecret(password, entry.token) || !fits || isRight) continue;
        isRight = true;
        identity.serverType = entry.type;
    }
    return isRight ? identity : denied();
}

std::optional<Identity> ConfigAuthenticator::certified(std::string_view name) const {
    const auto colon = name.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view kind = name.substr(0, colon);
    const std::string id(name.substr(colon + 1));
    const bool isNode = id.starts_with(kNodePrefix);
    if (kind == "user") return certifiedUser(id);
    if (kind == "server") return isNode ? denied() : certifiedServer(id);
    if (kind != "node") return std::nullopt;
    if (!isNode || !wire::isValidId(id)) return denied();
    return Identity{Identity::Role::Monitor, id, std::string(kNodeType), 2};
}

Identity ConfigAuthenticator::certifiedServer(const std::string& name) const {
    const bool isReserved = name == wire::kMasterName || levelOf(name);
    if (isReserved || !wire::isValidId(name)) return denied();
    const auto configured = serverTypes_.find(name);
    const bool isKnown = configured != serverTypes_.end();
    return {Identity::Role::Monitor, name, isKnown ? configured->second : std::string(), 2};
}

Identity ConfigAuthenticator::certifiedUser(const std::string& name) const {
    const auto level = levelOf(name);
    if (!level || name == wire::kAnonymousName) return denied();
    return {Identity::Role::Admin, name, {}, *level};
}

void ConfigAuthenticator::authenticateUser(std::string username, std::string password, bool isMd5,
                                           std::function<void(Result<int>)> done) {
    if (username.empty() || username.size() > kMaxName || password.size() > kMaxPassword)
        return done(refusal());
    std::string md5 = isMd5 ? lowerCase(std::move(password)) : digest::md5Hex(password);
    if (username == kAdminName && !tokens_.admin.empty() &&
        digest::isEqualSecret(md5, adminTokenMd5_)) {
        ++counters_.accepted;
        return done(1);
    }
    checkPassword(username, std::move(md5), std::move(done));
}

void ConfigAuthenticator::checkPassword(const std::string& username, std::string md5,
                                        std::function<void(Result<int>)> done) {
    std::string key = cacheKey(username, md5);
    if (verified_.contains(key)) return finishUser(username, true, std::move(key), done);
    const auto user = users_.find(username);
    auto credential = user != users_.end() ? user->second.credential : nobody_;
    // hasher_ drops its results when it dies, and it dies with this.
    auto finish = [this, username, credential, key = std::move(key), done](bool isRight) {
        const auto now = users_.find(username);  // reload() may have replaced it meanwhile
        const bool isCurrent = now != users_.end() && now->second.credential == credential;
        finishUser(username, isRight && isCurrent, key, done);
    };
    const auto queued = hasher_.verify(std::move(credential), std::move(md5), std::move(finish));
    if (queued) return;
    ++counters_.overloaded;
    ++counters_.refused;
    if (refusals_.allows(door_->loop->now()))
        log::warn("auth", "login of '{}' refused: {}{}", username, queued.error().detail(),
                  refusals_.note());
    done(queued.error());
}

void ConfigAuthenticator::finishUser(std::string_view username, bool isRight, std::string cacheKey,
                                     const std::function<void(Result<int>)>& done) {
    const auto user = users_.find(username);
    if (!isRight || user == users_.end()) {
        if (refusals_.allows(door_->loop->now()))
            log::warn("auth", "login of '{}' refused: wrong user or password{}", username,
                      refusals_.note());
        return done(refusal());
    }
    if (verified_.size() >= kMaxVerified) verified_.clear();
    if (!cacheSalt_.empty()) verified_.insert(std::move(cacheKey));
    ++counters_.accepted;
    done(user->second.level);
}

bool ConfigAuthenticator::isValidToken(std::string_view serverType, std::string_view token) const {
    if (!hasServerTokens_) return true;  // pomelo's default: no adminServer.json accepts all
    if (token.empty()) return false;
    bool isRight = false;
    for (const auto& entry : serverTokens_) {
        const bool isEqual = digest::isEqualSecret(token, entry.token);
        isRight = isRight || (isEqual && entry.type == serverType);
    }
    return isRight;
}

Result<int> ConfigAuthenticator::levelOf(std::string_view username) const {
    if (const auto user = users_.find(username); user != users_.end()) return user->second.level;
    if (username == kAdminName) return 1;
    if (username == wire::kAnonymousName) return 2;
    if (const auto guest = guests_.find(username); guest != guests_.end()) return guest->second;
    return Error(Errc::Denied, "no such user");
}

bool ConfigAuthenticator::mayBePomeloServer(std::string_view id,
                                            std::string_view serverType) const {
    // Ids and types are keys of plain objects in Node.js servers, which are told of each other.
    for (const std::string_view name : {id, serverType})
        if (!wire::isValidId(name) || isInheritedInJavaScript(name)) return false;
    const bool isReserved = id == wire::kMasterName || levelOf(id) || id.starts_with(kNodePrefix);
    if (isReserved || serverType == kNodeType) return false;
    const auto configured = serverTypes_.find(id);
    return configured == serverTypes_.end() || configured->second == serverType;
}

std::string ConfigAuthenticator::cacheKey(std::string_view username, std::string_view md5) const {
    std::string text = cacheSalt_;
    text.append(username).append(1, '\0').append(md5);
    return digest::sha256(text);
}

Error ConfigAuthenticator::refusal() {
    ++counters_.refused;
    return Error(Errc::Denied, "wrong user name or password");
}

}  // namespace muster
