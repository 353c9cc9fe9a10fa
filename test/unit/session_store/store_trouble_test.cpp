// Files that cannot be used, and disks that take no more.
#include "test/unit/session_store/store_case.hpp"

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace muster;
using namespace muster::mqtt;
using test::ScriptedClient;
using ::testing::HasSubstr;

namespace {

struct StoreTrouble : test::Restarts {
    std::string refusal(const std::string& file) {
        test::ManualLoop loop;
        auto opened = SqliteSessionStore::open(loop, file, false);
        if (!opened) return opened.error().detail();
        test::BrokerWorld world;
        const auto restored = world.broker.restore(**opened, loop.now());
        return restored ? "" : restored.error().detail();
    }
    std::string copyOfFile() {
        clients_.clear();
        broker_.reset();  // its last connection folds the write-ahead log into the file
        return file();
    }
};

/// Files of this process may not grow beyond a size for a while, as on a full disk.
class FullDisk {
public:
    explicit FullDisk(std::uintmax_t most) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit tight = before_;
        tight.rlim_cur = most;
        ::setrlimit(RLIMIT_FSIZE, &tight);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(StoreTrouble, RefusesAnotherProgramsDatabase) {
    const std::string other = folder_.str() + "/other.db";
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(other.c_str(), &database), SQLITE_OK);
    sqlite3_exec(database, "CREATE TABLE t (x)", nullptr, nullptr, nullptr);
    sqlite3_close(database);
    EXPECT_THAT(refusal(other), HasSubstr("is a database of another program: move it away"));
    EXPECT_THAT(refusal(other), HasSubstr(other));
}

TEST_F(StoreTrouble, RefusesWhatIsNoDatabase) {
    const std::string text = folder_.write("text.db", std::string(5000, 'x'));
    EXPECT_THAT(refusal(text), HasSubstr("restore it from a copy, or move it away"));
}

TEST_F(StoreTrouble, RefusesADamagedFile) {
    for (int i = 0; i < 200; ++i)
        publishes("a/" + std::to_string(i), std::string(200, 'x'), 1, true);
    const std::string damaged = copyOfFile();
    std::fstream bytes(damaged, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(0, std::ios::end);
    const auto size = static_cast<std::streamoff>(bytes.tellg());
    ASSERT_GT(size, 40'000);
    for (std::streamoff at = 16'384; at < size; at += 4096) {  // pages in the middle
        bytes.seekp(at);
        bytes.write(std::string(64, '\x7f').data(), 64);
    }
    bytes.close();
    EXPECT_THAT(refusal(damaged), HasSubstr("the store is damaged"));
    EXPECT_THAT(refusal(damaged), HasSubstr(damaged));
}

TEST_F(StoreTrouble, DoesNotCallAFileDamagedThatAFullDiskKeepsFromBeingRead) {
    publishes("a", "x", 1, true);
    broker_->settles();
    const std::string copy = folder_.str() + "/copy.db";
    for (const char* part : {"", "-wal"}) std::filesystem::copy_file(file() + part, copy + part);
    {
        const FullDisk disk(1000);
        const std::string why = refusal(copy);
        EXPECT_THAT(why, HasSubstr("is the disk full? Make room and start again"));
        EXPECT_THAT(why, ::testing::Not(HasSubstr("damaged")));
    }
    EXPECT_EQ(refusal(copy), "");
}

TEST_F(StoreTrouble, IsReadableByItsOwnerAlone) {
    publishes("a", "x", 1, true);
    for (const char* part : {"", "-wal"}) {
        struct stat status {};
        ASSERT_EQ(::stat((file() + part).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777u, 0600u);
    }
}

TEST_F(StoreTrouble, RefusesPublishesWhileTheDiskIsFullAndRecovers) {
    publishes("a", "before", 1, true);
    auto& reader = client();
    reader.connects("r");
    reader.subscribes("live", 1);
    auto& publisher = client();
    publisher.connects("p");
    {
        const FullDisk disk(std::filesystem::file_size(file() + "-wal"));
        publisher.sends(Publish{"a", std::string(20'000, 'x'), 1, true, false, 1, {}});
        EXPECT_TRUE(test::eventually(std::chrono::seconds(20), [&] {
            broker_->loop().run();
            return broker_->store().isFailing();
        }));
        EXPECT_EQ(publisher.expects<Puback>().code, ReasonCode::QuotaExceeded);
        publisher.sends(Publish{"b", "x", 1, true, false, 2, {}});
        EXPECT_EQ(publisher.expects<Puback>().code, ReasonCode::QuotaExceeded);
        publisher.sends(Publish{"live", "x", 1, false, false, 3, {}});
        EXPECT_EQ(publisher.expects<Puback>().code, ReasonCode::Success);
        reader.expectsMessage("live", "x");
    }
    broker_->settles();
    EXPECT_FALSE(broker_->store().isFailing());
    publishes("a", "after", 1, true);
    restart();
    auto& back = client();
    back.connects("r");
    back.subscribes("#", 1);
    back.expectsMessage("a", "after");
    back.expectsNothing();
}

}  // namespace
