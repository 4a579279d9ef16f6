//! Completion and highlighting.

use flowglass_query::{Class, ItemKind, complete, highlight};

/// Completes at the `|`: what is replaced, the first items, and the columns whose values fit.
fn at(text: &str) -> String {
    let cursor = text.find('|').expect("a cursor");
    let text = text.replace('|', "");
    let completion = complete(&text, cursor);
    let items: Vec<_> = completion.items.iter().take(6).map(|item| item.text.as_str()).collect();
    let values = completion.values_of.map_or(String::new(), |values| {
        format!(
            " + values of {} like {:?}{}",
            values.columns.join(","),
            values.prefix,
            if values.names { " or names" } else { "" }
        )
    });
    format!("{:?}: {}{values}", &text[completion.span], items.join(" "))
}

#[test]
fn completion() {
    for (text, expected) in [
        (
            "tar|",
            "\"tar\": target: target_ip: target_port: bytes_from_target: packets_from_target: cumulative_bytes_from_target:",
        ),
        ("a -target_|", "\"target_\": target_ip: target_port:"),
        (
            "(a OR targ|et_i x",
            "\"target_i\": target: target_ip: target_port: bytes_from_target: packets_from_target: cumulative_bytes_from_target:",
        ),
        ("a O|", "\"O\": object_id: orientation: OR "),
        ("a N|", "\"N\": network_interface_id: NOT "),
        ("action:|", "\"\": accepted rejected"),
        ("action:rej|", "\"rej\": rejected"),
        ("action:=|", "\"\": accepted rejected"),
        ("state:s|", "\"s\": \"skip data\""),
        ("state:\"sk|", "\"\\\"sk\": \"skip data\""),
        ("action:[accepted, r|", "\"r\": rejected"),
        ("action:(accepted OR r|)", "\"r\": rejected"),
        ("action:(accepted) t|", "\"t\": target: time: target_ip: target_port: transport_protocol:"),
        ("was_initiated:|", "\"\": true false"),
        ("is:c|", "\"c\": closing"),
        ("sides:|", "\"\": both"),
        ("proto:|", "\"\": tcp udp > >= < <="),
        ("target_port:ss|", "\"ss\": ssh ssdp ssh-alt + values of target_port like \"ss\""),
        ("port:4|", "\"4\":  + values of initiator_port,target_port like \"4\""),
        ("bytes:|", "\"\": > >= < <= *"),
        ("ip:10.2|", "\"10.2\":  + values of initiator_ip,target_ip like \"10.2\" or names"),
        (
            "peer_ip:P|",
            "\"P\": private provider-service public + values of initiator_ip,target_ip like \"P\" or names",
        ),
        ("local_ip:|", "\"\": * + values of target_ip,initiator_ip like \"\" or names"),
        ("zone:us|", "\"us\":  + values of zone like \"us\""),
        ("vnic:|", "\"\": = == === * + values of vnic_id like \"\" or names"),
        ("nonsense:x|", "\"x\": "),
        ("host:x|", "\"x\": "),
        ("\"a b|", "\"\\\"a b\": "),
    ] {
        assert_eq!(at(text), expected, "{text}");
    }
    let all = complete("", 0);
    assert!(
        all.items.len() > 50
            && all.items.iter().any(|item| item.kind == ItemKind::Field && item.text == "action:")
    );
    assert!(all.items.iter().all(|item| !item.detail.is_empty()));
}

/// Text with every piece in its class's letter.
fn classes(text: &str) -> String {
    let mut marks: Vec<char> = text.chars().map(|_| ' ').collect();
    for (span, class) in highlight(text) {
        let letter = match class {
            Class::Field => 'f',
            Class::Operator => 'o',
            Class::Value => 'v',
            Class::Word => 'w',
            Class::Phrase => 'p',
            Class::Keyword => 'k',
            Class::Bracket => 'b',
            Class::Error => 'E',
        };
        let start = text[..span.start].chars().count();
        let length = text[span].chars().count();
        marks[start..start + length].fill(letter);
    }
    marks.into_iter().collect::<String>().trim_end().to_owned()
}

#[test]
fn highlighting() {
    for (text, expected) in [
        ("a -action:rejected", "w kffffffovvvvvvvv"),
        ("(a OR \"b c\")", "bw kk pppppb"),
        ("port:>=22 x", "ffffooovv w"),
        ("port:[22,ssh]", "ffffobvvovvvb"),
        ("port:(>1 -5)", "ffffobov kvb"),
        ("10.0.0.1 é:x", "wwwwwwww www"),
        ("ip:vsi1", "ffovvvv"),
        ("foo:bar action:x", "EEEovvv ffffffov"),
        ("a port:70000", "w ffffoEEEEE"),
        ("a \"b", "w EE"),
        ("a) b", "wE"),
        ("", ""),
    ] {
        assert_eq!(classes(text), expected, "{text}");
    }
}
