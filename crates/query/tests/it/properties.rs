//! Laws that hold for every query, tree and row.

use flowglass_query::{
    AddressRange, AddressSet, Context, ExtraTest, Match, NumberRange, Operand, Predicate, Property, Query,
    Tree, complete, highlight, merge_numbers, parse, word_in, word_pattern,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::row::TestRow;
use super::{context, names};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_.:-]{1,6}",
        "\\PC{0,6}",
        select(vec![
            "rejected", "a b", "\"", "\\", "'", "*", "[x]", "(", ")", "OR", "10.0.0.1", "22", ">5", ",",
            "=x", "é", "-a"
        ])
        .prop_map(str::to_owned),
    ]
}

fn how() -> impl Strategy<Value = Match> {
    select(vec![Match::Prefix, Match::PrefixCase, Match::Whole, Match::WholeCase])
}

fn bits() -> impl Strategy<Value = u128> {
    prop_oneof![
        any::<u128>(),
        any::<u32>().prop_map(|v4| 0xffff_0000_0000 | u128::from(v4)),
        // Both sides of the bounds of the labelled networks.
        (
            select(vec![
                0x0a00_0000_u32,
                0x0b00_0000,
                0x6440_0000,
                0x6480_0000,
                0x7f00_0000,
                0xa11a_0000,
                0xa608_0000,
                0xa60c_0000,
                0xa9fe_0000,
                0xac10_0000,
                0xac20_0000,
                0xc0a8_0000,
                0xe000_0000,
                0xf000_0000,
                0
            ]),
            any::<bool>()
        )
            .prop_map(|(v4, below)| 0xffff_0000_0000 | u128::from(v4.wrapping_sub(u32::from(below)))),
        (select(vec![0xfc00_u128, 0xfe00, 0xfe80, 0xfec0, 0xff00, 0]), 0_u128..2)
            .prop_map(|(top, low)| top << 112 | low),
        (0_u32..16).prop_map(|v4| 0xffff_0a00_0000 | u128::from(v4)),
    ]
}

fn addresses() -> impl Strategy<Value = AddressSet> {
    let network = (bits(), 0_u32..128).prop_map(|(bits, host)| {
        let mask = (1_u128 << host) - 1;
        AddressRange { first: bits & !mask, last: bits | mask }
    });
    let range = (bits(), bits()).prop_map(|(a, b)| AddressRange { first: a.min(b), last: a.max(b) });
    prop::collection::vec(
        prop_oneof![network, range, bits().prop_map(|b| AddressRange { first: b, last: b })],
        1..4,
    )
    .prop_map(AddressSet::new)
}

fn ranges(numbers: std::ops::Range<i64>) -> impl Strategy<Value = Vec<NumberRange>> {
    let range =
        (prop::option::of(numbers.clone()), prop::option::of(numbers)).prop_map(|(low, high)| {
            match (low, high) {
                (Some(a), Some(b)) => NumberRange { low: Some(a.min(b)), high: Some(a.max(b)) },
                (low, high) => NumberRange { low, high },
            }
        });
    prop::collection::vec(range, 1..4).prop_map(merge_numbers)
}

const LOCAL: Operand = Operand::ByDirection { inbound: "target_ip", outbound: "initiator_ip" };
const PEER_PORT: Operand = Operand::ByDirection { inbound: "initiator_port", outbound: "target_port" };

fn predicate() -> impl Strategy<Value = Predicate> {
    let either_ip = Operand::Either("initiator_ip", "target_ip");
    let either_port = Operand::Either("initiator_port", "target_port");
    let bytes = Operand::Sum("bytes_from_initiator", "bytes_from_target");
    let values = || prop::collection::vec(text(), 1..4);
    prop_oneof![
        // Direction aside: its other spellings are read as the canonical ones.
        (select(vec!["action", "zone", "vnic_id", "state", "extra"]), how(), values())
            .prop_map(|(column, how, values)| Predicate::Text { column, how, values }),
        (how(), values()).prop_map(|(how, values)| Predicate::Crn { column: "vpc_crn", how, values }),
        (select(vec![Operand::Column("target_ip"), either_ip, LOCAL]), addresses())
            .prop_map(|(operand, set)| Predicate::Address { operand, set }),
        (select(vec![Operand::Column("target_port"), either_port, PEER_PORT]), ranges(0..65_536))
            .prop_map(|(operand, ranges)| Predicate::Number { operand, ranges }),
        (select(vec![Operand::Column("record_index"), bytes]), ranges(i64::MIN + 1..i64::MAX))
            .prop_map(|(operand, ranges)| Predicate::Number { operand, ranges }),
        ranges(0..256)
            .prop_map(|ranges| Predicate::Number { operand: Operand::Column("transport_protocol"), ranges }),
        ranges(0..4_000_000_000_000_000).prop_map(|ranges| Predicate::Time { column: "start_time", ranges }),
        ranges(0..40_000).prop_map(|ranges| Predicate::Day { column: "day", ranges }),
        any::<bool>().prop_map(|value| Predicate::Boolean { column: "was_initiated", value }),
        select(vec![Operand::Column("zone"), Operand::Column("start_time"), either_ip, LOCAL, bytes])
            .prop_map(Predicate::Exists),
        (how(), text()).prop_map(|(how, text)| Predicate::Word {
            how,
            text: if text.is_empty() { "x".to_owned() } else { text }
        }),
        (prop::collection::vec("[a-zA-Z_][a-zA-Z0-9_]{0,3}", 1..3), extra())
            .prop_map(|(path, test)| Predicate::Extra { path, test }),
        select(Property::ALL.to_vec()).prop_map(Predicate::Is),
        select(vec![
            ("host", "x"),
            ("label.a", "[b,c]"),
            ("_platform", "\"a b\""),
            ("level", "(a OR -b)"),
            ("app", "*")
        ])
        .prop_map(|(attribute, value)| Predicate::Never {
            attribute: attribute.to_owned(),
            value: value.to_owned()
        }),
    ]
}

fn extra() -> impl Strategy<Value = ExtraTest> {
    prop_oneof![
        Just(ExtraTest::Exists),
        (how(), prop::collection::vec(text(), 1..3))
            .prop_map(|(how, values)| ExtraTest::Text { how, values }),
        ranges(-100..100).prop_map(|ranges| ExtraTest::Number { ranges }),
    ]
}

/// A tree as parsing makes it.
fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        12 => predicate().prop_map(|predicate| Tree::term(predicate, 0..0)),
        1 => Just(Tree::Everything),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::and),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::or),
            inner.prop_map(Tree::not),
        ]
    })
}

fn row() -> impl Strategy<Value = TestRow> {
    let value =
        |column: &'static str, values: Vec<&'static str>| (Just(column), prop::option::of(select(values)));
    let columns = vec![
        value("action", vec!["accepted", "rejected", "Rejected"]).boxed(),
        value("direction", vec!["I", "O"]).boxed(),
        value("zone", vec!["us-south-1", "a b", "é"]).boxed(),
        value("state", vec!["ok", "skip data"]).boxed(),
        value("initiator_ip", vec!["10.0.0.1", "8.8.8.8", "fd00::1"]).boxed(),
        value("target_ip", vec!["10.0.0.2", "161.26.0.10", "2001:db8::1"]).boxed(),
        value("initiator_port", vec!["0", "22", "65535"]).boxed(),
        value("target_port", vec!["22", "443"]).boxed(),
        value("transport_protocol", vec!["6", "17"]).boxed(),
        value("was_initiated", vec!["true", "false"]).boxed(),
        value("was_terminated", vec!["true", "false"]).boxed(),
        value("bytes_from_initiator", vec!["0", "54", "9223372036854775807"]).boxed(),
        value("packets_from_initiator", vec!["0", "1"]).boxed(),
        value("bytes_from_target", vec!["0", "9223372036854775807"]).boxed(),
        value("packets_from_target", vec!["0", "1"]).boxed(),
        value("start_time", vec!["1591278159000000", "0"]).boxed(),
        value("day", vec!["18417", "0"]).boxed(),
        value("vpc_crn", vec!["crn:v1:bluemix:public:is:us-south:a/7::vpc:r006-v", "x"]).boxed(),
        value("extra", vec!["{\"a\":5}", "{\"a\":{\"b\":\"x\"}}", "nonsense"]).boxed(),
    ];
    columns.prop_map(|columns| {
        let mut row = TestRow::default();
        for (column, value) in columns {
            if let Some(value) = value {
                row.set(column, value.to_owned());
            }
        }
        row
    })
}

/// Text made of the language's own pieces, mostly wrong.
fn scribble() -> impl Strategy<Value = String> {
    let pieces = vec![
        "(",
        ")",
        "[",
        "]",
        "\"",
        "'",
        "\\",
        "-",
        "NOT ",
        "AND ",
        "OR ",
        " ",
        ":",
        "*",
        "=",
        "==",
        "===",
        "<",
        ">",
        "<=",
        ",",
        "..",
        "/",
        "ip",
        "target_port",
        "action",
        "bytes",
        "time",
        "day",
        "is",
        "sides",
        "extra.",
        "host",
        "_",
        "10.",
        "10.240",
        "1.2.3.4",
        "::1",
        "ssh",
        "tcp",
        "10MB",
        "1e9",
        "2020-06-04",
        "T25",
        "both",
        "vsi1",
        "é",
        "\u{0}",
        "🦀",
        "crn:v1",
        "99999999999999999999",
        "-1",
    ];
    prop_oneof![
        prop::collection::vec(select(pieces), 0..16).prop_map(|pieces| pieces.concat()),
        "\\PC{0,40}",
        ".{0,40}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_back(tree in tree()) {
        let query = Query { text: String::new(), tree, warnings: vec![] };
        let text = query.to_text();
        let again = parse(&text, &context()).map_err(|error| TestCaseError::fail(error.render(&text)))?;
        prop_assert_eq!(&again.tree, &query.tree, "{}", text);
        prop_assert_eq!(again.to_text(), text);
        prop_assert_eq!(again.explain(), query.explain());
    }

    #[test]
    fn logic_is_two_valued(a in tree(), b in tree(), row in row()) {
        let (is_a, is_b) = (a.matches(&row), b.matches(&row));
        prop_assert_eq!(Tree::not(a.clone()).matches(&row), !is_a);
        prop_assert_eq!(Tree::and([a.clone(), b.clone()]).matches(&row), is_a && is_b);
        prop_assert_eq!(Tree::or([a.clone(), b.clone()]).matches(&row), is_a || is_b);
        let neither = Tree::not(Tree::or([a.clone(), b.clone()])).matches(&row);
        prop_assert_eq!(neither, Tree::and([Tree::not(a), Tree::not(b)]).matches(&row));
    }

    #[test]
    fn negated_text_finds_the_other_rows(text in scribble(), row in row()) {
        if let (Ok(query), Ok(negated)) = (parse(&text, &context()), parse(&format!("-({text})"), &context())) {
            prop_assert_eq!(negated.matches(&row), !query.matches(&row));
        }
    }

    #[test]
    fn no_row_satisfies_a_term_without_values(predicate in predicate()) {
        prop_assert!(!predicate.matches(&TestRow::default()), "{:?}", predicate);
    }

    #[test]
    fn nothing_panics(text in scribble(), cursor in 0_usize..60) {
        let names = names();
        for context in [context(), Context { names: Some(&names), ..context() }] {
            match parse(&text, &context) {
                Ok(query) => {
                    let _ = (query.explain(), query.explain_json(), query.columns());
                    query.warnings.iter().for_each(|note| drop(note.render(&text)));
                    let again = parse(&query.to_text(), &super::context());
                    prop_assert_eq!(again.map(|again| again.tree), Ok(query.tree));
                }
                Err(error) => {
                    prop_assert!(text.get(error.span.clone()).is_some(), "{:?} of {:?}", error.span, text);
                    let _ = error.render(&text);
                }
            }
        }
        let completion = complete(&text, cursor);
        prop_assert!(text.get(completion.span).is_some());
        let mut end = 0;
        for (span, _) in highlight(&text) {
            prop_assert!(span.start >= end && text.get(span.clone()).is_some(), "{:?} in {:?}", span, text);
            end = span.end;
        }
    }

    #[test]
    fn the_pattern_of_a_word_finds_what_the_word_does(text in "[a-cA-C é.-]{0,12}", word in "[a-cA-Cé.-]{1,3}", how in how()) {
        let pattern = regex::Regex::new(&word_pattern(&word, how)).expect("a valid expression");
        prop_assert_eq!(pattern.is_match(&text), word_in(&text, &word, how), "{} in {:?}", pattern, text);
    }

    #[test]
    fn address_sets_hold_what_their_ranges_hold(
        ranges in prop::collection::vec((bits(), bits()), 0..5),
        probes in prop::collection::vec(bits(), 1..8),
    ) {
        let ranges: Vec<_> = ranges.into_iter().map(|(first, last)| AddressRange { first, last }).collect();
        let set = AddressSet::new(ranges.iter().copied());
        let edges = ranges.iter().flat_map(|range| [range.first, range.last, range.last.wrapping_add(1)]);
        for probe in probes.into_iter().chain(edges) {
            let held = ranges.iter().any(|range| range.first <= probe && probe <= range.last);
            prop_assert_eq!(set.contains_bits(probe), held);
        }
        for probe in ranges.iter().flat_map(|range| [range.first, range.last, range.first.wrapping_sub(1), range.last.wrapping_add(1)]) {
            prop_assert_eq!(set.complement().contains_bits(probe), !set.contains_bits(probe));
        }
        prop_assert_eq!(&set.complement().complement(), &set);
        prop_assert!(set.ranges().windows(2).all(|pair| pair[0].last + 1 < pair[1].first));
    }

    #[test]
    fn a_label_stands_for_the_addresses_it_is_shown_for(bits in bits()) {
        let address = std::net::IpAddr::V6(bits.into()).to_canonical();
        let mut row = TestRow::default();
        row.set("target_ip", address.to_string());
        let shown = flowglass_flow::labels::of_address(address).unwrap_or("public").replace(' ', "-");
        let labels = flowglass_flow::labels::NETWORKS.iter().map(|(label, _)| *label).chain(["public"]);
        for label in labels {
            let query = parse(&format!("target_ip:{label}"), &context()).expect("a label");
            prop_assert_eq!(query.matches(&row), label == shown, "{} {}", label, address);
        }
    }
}
