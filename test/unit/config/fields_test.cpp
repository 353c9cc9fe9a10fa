#include "common/config/fields.hpp"

#include "test/unit/config/config_case.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

namespace muster::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Fields, StandInTheDocumentationAsInTheCode) {
    std::ifstream in(MUSTER_SOURCE_DIR "/docs/configuration.md");
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_THAT(text.str(), testing::HasSubstr(fieldTable()))
        << "docs/configuration.md must hold this table:\n"
        << fieldTable();
}

TEST(Fields, ParentsStandBeforeTheirChildren) {
    std::vector<std::string> seen;
    for (const auto& field : kFields) {
        std::string parent = field.path;
        const bool isElement = parent.ends_with("[]");
        const auto dot = parent.rfind('.');
        parent = isElement                  ? parent.substr(0, parent.size() - 2)
                 : dot == std::string::npos ? ""
                                            : parent.substr(0, dot);
        if (!parent.empty()) {
            EXPECT_THAT(seen, testing::Contains(parent)) << field.path;
        }
        EXPECT_FALSE(field.line.empty()) << field.path;
        seen.push_back(field.path);
    }
}

// With the bounds of the table that the documentation shows.
TEST(Fields, OfLimitsTakeTheirBoundsAndNothingBeyond) {
    const auto problems = [](const std::string& name, std::int64_t value) {
        test::ConfigCase game;
        game.muster("\"limits\": {\"" + name + "\": " + std::to_string(value) + "}");
        return game.problems();
    };
    int seen = 0;
    for (const auto& field : kFields) {
        const std::string path = field.path;
        if (!path.starts_with("limits.") || field.type != FieldType::Integer) continue;
        ++seen;
        const std::string name = path.substr(path.find('.') + 1);
        EXPECT_THAT(problems(name, field.least), IsEmpty()) << path;
        EXPECT_THAT(problems(name, field.most), IsEmpty()) << path;
        EXPECT_THAT(problems(name, field.least - 1), ElementsAre(HasSubstr("/limits/" + name)));
        EXPECT_THAT(problems(name, field.most + 1), ElementsAre(HasSubstr("/limits/" + name)));
    }
    EXPECT_GE(seen, 20);
}

TEST(Durations, AreAWholeNumberAndAUnit) {
    EXPECT_EQ(parseDuration("500ms"), 500ms);
    EXPECT_EQ(parseDuration("10s"), 10s);
    EXPECT_EQ(parseDuration("5m"), 5min);
    EXPECT_EQ(parseDuration("8760h"), 8760h);
    for (const char* text : {"", "5", "s", "5 s", " 5s", "-5s", "+5s", "1.5s", "5S", "5d", "8761h",
                             "99999999999999999999s", "9223372036854775807h"})
        EXPECT_EQ(parseDuration(text), std::nullopt) << text;
}

TEST(Suggestions, FindWhatWasMeant) {
    const std::vector<std::string> names = {"listeners", "limits", "cluster", "types"};
    EXPECT_EQ(nearest("listners", names), "listeners");
    EXPECT_EQ(nearest("Types", names), "types");
    EXPECT_EQ(nearest("clsuter", names), "cluster");
    EXPECT_EQ(nearest("banana", names), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), names), "");
}

}  // namespace
}  // namespace muster::config
