// TopicFilter, SubscriptionTree and RetainedStore against libmosquitto's matching and checks.
#include "master/mqtt/recorder.hpp"
#include "master/mqtt/retained_store.hpp"
#include "master/mqtt/session.hpp"
#include "master/mqtt/subscription_tree.hpp"
#include "test/differential/known_differences.hpp"
#include "test/differential/report.hpp"

#include <array>
#include <random>

#include <mosquitto.h>

namespace muster::test {

using namespace mqtt;

namespace {

/// Few levels of few words, so that filters match; and now and then what breaks rules or bounds.
class TopicMaker {
public:
    explicit TopicMaker(std::uint32_t seed) : random_(seed) {}

    std::string topic() {
        std::string text = below(6) == 0 ? "$" + word() : level(false);
        for (auto more = levels(); more > 0; --more) text += "/" + level(false);
        return below(100) == 0 ? "" : text;
    }
    /// Made from `topic`, so that it often matches; or of its own.
    std::string filter(std::string_view topic) {
        if (below(3) == 0) return free();
        std::string text;
        for (bool isFirst = true; topic.data() != nullptr; isFirst = false) {
            if (!isFirst) text += '/';
            const std::string_view level = takeLevel(topic);
            const auto choice = below(12);
            if (choice == 0) return text + "#";
            if (choice == 1)
                text += word();
            else
                text += choice < 5 ? "+" : std::string(level);
            if (choice == 11 && below(4) == 0) break;
        }
        if (below(6) == 0) text += "/#";
        if (below(12) == 0) text = "$share/" + (below(4) == 0 ? odd() : word()) + "/" + text;
        return text;
    }

private:
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_()) % bound;
    }
    std::string word() {
        static constexpr std::array<std::string_view, 6> kWords{"a", "b",        "ab",
                                                                "A", "\xC3\xA4", "SYS"};
        return std::string(kWords[below(kWords.size())]);
    }
    std::string odd() {
        static constexpr std::array<std::string_view, 9> kOdd{"",   "a+", "+a", "#a",    "a#",
                                                              "##", "++", "$",  "$share"};
        return std::string(kOdd[below(kOdd.size())]);
    }
    std::string level(bool isFilter) {
        const auto choice = below(40);
        if (choice == 0) return odd();
        if (choice < 4) return "";
        if (isFilter && choice < 14) return choice < 11 ? "+" : "#";
        return word();
    }
    std::uint32_t levels() {
        constexpr std::uint32_t kMost = 128;  // our bound; see rule "too deep"
        return below(200) == 0 ? kMost - 4 + below(8) : below(5);
    }
    std::string free() {
        std::string text = level(true);
        for (auto more = levels(); more > 0; --more) text += "/" + level(true);
        return text;
    }

    std::mt19937 random_;
};

/// Compares one filter with one topic in all places that match.
class TopicComparison {
public:
    explicit TopicComparison(Report& report)
        : report_(report), session_("client", {}, limits_, budget_, recorder_, debt_) {}

    void compare(const std::string& filter, const std::string& topic) {
        report_.compared();
        const auto parsed = checkFilter(filter);
        const bool isTopic = checkTopic(topic);
        if (!parsed || !isTopic || parsed->isShared()) return;
        bool theirs = false;
        const int code = mosquitto_topic_matches_sub2(filter.data(), filter.size(), topic.data(),
                                                      topic.size(), &theirs);
        if (code != MOSQ_ERR_SUCCESS) theirs = false;
        report_.note(theirs ? "matched" : "did not match");
        expectSame("matches()", parsed->matches(topic), theirs, filter, topic);
        expectSame("the tree", doesTreeMatch(*parsed, topic), theirs, filter, topic);
        expectSame("retained", doesStoreMatch(*parsed, topic), theirs, filter, topic);
    }

private:
    std::optional<TopicFilter> checkFilter(const std::string& filter) {
        auto parsed = TopicFilter::parse(filter);
        const bool theirs =
            mosquitto_sub_topic_check2(filter.data(), filter.size()) == MOSQ_ERR_SUCCESS;
        if (parsed.has_value() != theirs)
            report_.differs(explainFilter(filter, theirs),
                            "filter " + filter + (theirs ? ": only they take it" : ": only we do"));
        if (!parsed) report_.note("filters refused");
        return parsed;
    }
    bool checkTopic(const std::string& topic) {
        const bool ours = isValidTopicName(topic);
        const bool theirs =
            mosquitto_pub_topic_check2(topic.data(), topic.size()) == MOSQ_ERR_SUCCESS;
        if (ours != theirs)
            report_.differs(explainTopic(topic, theirs),
                            "topic " + topic + (theirs ? ": only they take it" : ": only we do"));
        return ours;
    }
    void expectSame(const char* place, bool ours, bool theirs, const std::string& filter,
                    const std::string& topic) {
        if (ours == theirs) return;
        report_.differs(nullptr, std::string(place) + ": filter " + filter + ", topic " + topic +
                                     (ours ? ": only ours matches" : ": only theirs matches"));
    }
    bool doesTreeMatch(const TopicFilter& filter, const std::string& topic) {
        tree_.add(filter, session_, {});
        tree_.match(topic, matches_);
        const bool isMatch = !matches_.subscribers.empty();
        tree_.remove(filter, session_);
        return isMatch;
    }
    bool doesStoreMatch(const TopicFilter& filter, const std::string& topic) {
        RetainedStore store(1, 1 << 20, recorder_);
        store.put(makeMessage({topic, "x", 0, true, nullptr}, {}));
        std::string after;
        bool isMatch = false;
        store.visit({filter, after, {}, 10}, [&](const MessagePtr&) { return isMatch = true; });
        return isMatch;
    }

    Report& report_;
    BrokerLimits limits_;
    ByteBudget budget_;
    Recorder recorder_;
    StoreDebt debt_;
    Session session_;
    SubscriptionTree tree_;
    SubscriptionMatches matches_;
};

}  // namespace

bool compareTopics(std::size_t count, std::uint32_t seed) {
    Report report("topics");
    TopicMaker make(seed);
    TopicComparison comparison(report);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string topic = make.topic();
        comparison.compare(make.filter(topic), topic);
    }
    return report.print();
}

}  // namespace muster::test
