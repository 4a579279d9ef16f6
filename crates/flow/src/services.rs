//! Names of services and protocols.
//!
//! From the IANA registries "Service Name and Transport Protocol Port Number" and "Protocol Numbers", cut down to
//! what is met in a VPC, with the names people use as aliases.

/// IANA number of TCP.
pub const TCP: u8 = 6;
/// IANA number of UDP.
pub const UDP: u8 = 17;

/// A service: its port, the protocols it is found on, and its names, the usual one first.
struct Service {
    port: u16,
    on: On,
    names: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Tcp,
    Udp,
    Both,
}

/// Returns the usual name of a port on a protocol (an IANA number): 22 on 6 is `ssh`.
pub fn service_name(port: u16, protocol: u8) -> Option<&'static str> {
    let start = SERVICES.partition_point(|service| service.port < port);
    SERVICES[start..]
        .iter()
        .take_while(|service| service.port == port)
        .find(|service| match service.on {
            On::Tcp => protocol == TCP,
            On::Udp => protocol == UDP,
            On::Both => protocol == TCP || protocol == UDP,
        })
        .map(|service| service.names[0])
}

/// Returns the port of a service name or alias, in any case: `ssh` is 22.
pub fn port_of(name: &str) -> Option<u16> {
    SERVICES
        .iter()
        .find(|service| service.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
        .map(|service| service.port)
}

/// Returns every service's usual name and port, by port.
pub fn services() -> impl Iterator<Item = (&'static str, u16)> {
    SERVICES.iter().map(|service| (service.names[0], service.port))
}

/// Returns every service name and alias.
pub fn service_names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().flat_map(|service| service.names.iter().copied())
}

/// Returns the usual name of an IP protocol number: 6 is `tcp`.
pub fn protocol_name(number: u8) -> Option<&'static str> {
    PROTOCOLS.iter().find(|(known, _)| *known == number).map(|(_, names)| names[0])
}

/// Returns the number of a protocol name or alias, in any case: `udp` is 17.
pub fn protocol_number(name: &str) -> Option<u8> {
    PROTOCOLS
        .iter()
        .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
        .map(|(number, _)| *number)
}

/// Returns every protocol's usual name and number, by number.
pub fn protocols() -> impl Iterator<Item = (&'static str, u8)> {
    PROTOCOLS.iter().map(|(number, names)| (names[0], *number))
}

const PROTOCOLS: &[(u8, &[&str])] = &[
    (0, &["hopopt"]),
    (1, &["icmp"]),
    (2, &["igmp"]),
    (3, &["ggp"]),
    (4, &["ipip", "ipencap", "ipv4"]),
    (5, &["st"]),
    (6, &["tcp"]),
    (7, &["cbt"]),
    (8, &["egp"]),
    (9, &["igp"]),
    (12, &["pup"]),
    (17, &["udp"]),
    (20, &["hmp"]),
    (22, &["xns-idp"]),
    (27, &["rdp"]),
    (29, &["iso-tp4"]),
    (33, &["dccp"]),
    (36, &["xtp"]),
    (37, &["ddp"]),
    (41, &["ipv6"]),
    (43, &["ipv6-route"]),
    (44, &["ipv6-frag"]),
    (45, &["idrp"]),
    (46, &["rsvp"]),
    (47, &["gre"]),
    (50, &["esp", "ipsec-esp"]),
    (51, &["ah", "ipsec-ah"]),
    (57, &["skip"]),
    (58, &["ipv6-icmp", "icmpv6", "icmp6"]),
    (59, &["ipv6-nonxt"]),
    (60, &["ipv6-opts"]),
    (73, &["rspf", "cphb"]),
    (81, &["vmtp"]),
    (88, &["eigrp"]),
    (89, &["ospf", "ospfigp"]),
    (94, &["ipip-nos"]),
    (97, &["etherip"]),
    (98, &["encap"]),
    (103, &["pim"]),
    (108, &["ipcomp"]),
    (112, &["vrrp", "carp"]),
    (115, &["l2tp-ip"]),
    (124, &["isis"]),
    (132, &["sctp"]),
    (133, &["fc"]),
    (136, &["udplite"]),
    (137, &["mpls-in-ip"]),
    (139, &["hip"]),
];

macro_rules! services {
    ($($port:literal $on:ident $($name:literal)+;)*) => {
        &[$(Service { port: $port, on: On::$on, names: &[$($name),+] }),*]
    };
}

/// By port. Ports that anything is put on (3000, 4444, …) have no name: a wrong one misleads more than none.
const SERVICES: &[Service] = services! {
    7 Both "echo";
    9 Both "discard";
    11 Tcp "systat";
    13 Both "daytime";
    15 Tcp "netstat";
    17 Tcp "qotd";
    19 Both "chargen";
    20 Tcp "ftp-data";
    21 Tcp "ftp";
    22 Tcp "ssh" "sftp" "scp";
    23 Tcp "telnet";
    25 Tcp "smtp" "mail";
    37 Both "time";
    43 Tcp "whois";
    49 Both "tacacs";
    53 Both "dns" "domain";
    67 Udp "dhcp" "bootps" "dhcp-server";
    68 Udp "dhcp-client" "bootpc";
    69 Udp "tftp";
    70 Tcp "gopher";
    79 Tcp "finger";
    80 Tcp "http" "www";
    88 Both "kerberos" "krb5";
    102 Tcp "iso-tsap" "s7comm";
    109 Tcp "pop2";
    110 Tcp "pop3" "pop-3";
    111 Both "sunrpc" "rpcbind" "portmapper";
    113 Tcp "ident" "auth";
    119 Tcp "nntp";
    123 Udp "ntp";
    135 Tcp "msrpc" "epmap" "loc-srv";
    137 Udp "netbios-ns";
    138 Udp "netbios-dgm";
    139 Tcp "netbios-ssn" "netbios";
    143 Tcp "imap" "imap2";
    161 Udp "snmp";
    162 Udp "snmptrap" "snmp-trap";
    177 Udp "xdmcp";
    179 Tcp "bgp";
    194 Tcp "irc";
    199 Tcp "smux";
    264 Tcp "bgmp" "fw1-topology";
    311 Tcp "asip-webadmin";
    389 Both "ldap";
    427 Both "svrloc" "slp";
    443 Both "https" "quic";
    444 Tcp "snpp";
    445 Tcp "smb" "microsoft-ds" "cifs";
    464 Both "kpasswd";
    465 Tcp "smtps" "submissions";
    500 Udp "isakmp" "ike";
    502 Tcp "modbus" "mbap";
    512 Tcp "exec" "rexec";
    513 Tcp "login" "rlogin";
    514 Tcp "shell" "rsh";
    514 Udp "syslog";
    515 Tcp "printer" "lpd";
    520 Udp "rip" "router";
    521 Udp "ripng";
    523 Tcp "ibm-db2-das";
    540 Tcp "uucp";
    543 Tcp "klogin";
    544 Tcp "kshell";
    546 Udp "dhcpv6-client";
    547 Udp "dhcpv6" "dhcpv6-server";
    548 Tcp "afp" "afpovertcp";
    554 Both "rtsp";
    563 Tcp "nntps";
    587 Tcp "submission";
    593 Tcp "http-rpc-epmap";
    623 Udp "ipmi" "asf-rmcp";
    631 Both "ipp" "cups";
    636 Tcp "ldaps";
    646 Both "ldp";
    674 Tcp "acap";
    694 Udp "ha-cluster";
    749 Tcp "kerberos-adm";
    789 Tcp "redlion-crimson";
    830 Tcp "netconf-ssh" "netconf";
    853 Both "domain-s" "dns-over-tls" "dot";
    860 Tcp "iscsi-system";
    873 Tcp "rsync";
    902 Tcp "vmware-auth" "ideafarm-door";
    953 Tcp "rndc";
    989 Tcp "ftps-data";
    990 Tcp "ftps";
    992 Tcp "telnets";
    993 Tcp "imaps";
    994 Tcp "ircs";
    995 Tcp "pop3s";
    1080 Tcp "socks";
    1099 Tcp "rmiregistry" "java-rmi" "rmi";
    1194 Both "openvpn";
    1214 Tcp "kazaa";
    1241 Tcp "nessus";
    1311 Tcp "dell-openmanage";
    1344 Tcp "icap";
    1352 Tcp "lotusnote" "lotus-notes";
    1414 Tcp "ibm-mqseries" "ibm-mq" "mq";
    1433 Tcp "ms-sql" "ms-sql-s" "mssql" "sqlserver";
    1434 Udp "ms-sql-m" "ms-sql-browser";
    1494 Tcp "ica" "citrix";
    1521 Tcp "oracle" "ncube-lm" "oracle-tns";
    1526 Tcp "oracle-alt" "pdap-np";
    1645 Udp "radius-old" "sightline";
    1701 Udp "l2tp" "l2f";
    1720 Tcp "h323" "h323hostcall";
    1723 Tcp "pptp";
    1755 Tcp "ms-streaming" "wms";
    1812 Udp "radius";
    1813 Udp "radius-acct";
    1883 Tcp "mqtt";
    1900 Udp "ssdp" "upnp";
    1935 Tcp "rtmp";
    1984 Tcp "bigbrother";
    2000 Tcp "cisco-sccp" "sccp";
    2003 Tcp "graphite";
    2049 Both "nfs";
    2082 Tcp "cpanel";
    2083 Tcp "cpanel-ssl" "radsec";
    2086 Tcp "whm" "gnunet";
    2087 Tcp "whm-ssl";
    2123 Udp "gtp-control" "gtpc";
    2152 Udp "gtp-user" "gtpu";
    2181 Tcp "zookeeper";
    2222 Tcp "ssh-alt" "ethernet-ip-alt";
    2323 Tcp "telnet-alt" "3d-nfsd";
    2375 Tcp "docker";
    2376 Tcp "docker-s" "docker-tls";
    2377 Tcp "swarm" "docker-swarm";
    2379 Tcp "etcd" "etcd-client";
    2380 Tcp "etcd-server" "etcd-peer";
    2404 Tcp "iec-104";
    2427 Udp "mgcp" "mgcp-gateway";
    2483 Tcp "oracle-db" "ttc";
    2484 Tcp "oracle-db-ssl" "ttc-ssl";
    2525 Tcp "smtp-alt";
    2601 Tcp "zebra";
    2638 Tcp "sybase" "sybaseanywhere";
    2947 Tcp "gpsd";
    3050 Tcp "firebird" "gds-db";
    3128 Tcp "squid" "http-proxy";
    3260 Tcp "iscsi" "iscsi-target";
    3268 Tcp "globalcat-ldap" "msft-gc";
    3269 Tcp "globalcat-ldaps" "msft-gc-ssl";
    3299 Tcp "sap-router" "saprouter";
    3306 Tcp "mysql" "mariadb";
    3310 Tcp "clamav";
    3389 Both "rdp" "ms-wbt-server" "remote-desktop";
    3478 Both "stun" "turn";
    3632 Tcp "distcc";
    3690 Tcp "svn" "subversion";
    3702 Udp "ws-discovery";
    3868 Tcp "diameter";
    4000 Tcp "icq" "terabase";
    4222 Tcp "nats";
    4369 Tcp "epmd" "erlang-epmd";
    4500 Udp "ipsec-nat-t" "nat-t";
    4505 Tcp "salt-publish";
    4506 Tcp "salt";
    4672 Udp "emule";
    4786 Tcp "smart-install";
    4789 Udp "vxlan";
    4840 Tcp "opcua-tcp" "opcua";
    4899 Tcp "radmin" "radmin-port";
    5000 Tcp "upnp-http" "commplex-main" "flask" "docker-registry";
    5001 Tcp "iperf" "commplex-link";
    5004 Udp "rtp" "avt-profile-1";
    5005 Udp "rtcp" "avt-profile-2";
    5009 Tcp "winfs";
    5044 Tcp "logstash" "beats";
    5060 Both "sip";
    5061 Tcp "sips" "sip-tls";
    5201 Both "iperf3";
    5222 Tcp "xmpp" "xmpp-client" "jabber";
    5269 Tcp "xmpp-server";
    5353 Udp "mdns";
    5355 Udp "llmnr";
    5357 Tcp "wsdapi";
    5432 Tcp "postgres" "postgresql";
    5500 Tcp "vnc-listen";
    5555 Tcp "adb" "personal-agent";
    5601 Tcp "kibana" "esmagent";
    5631 Tcp "pcanywhere";
    5632 Udp "pcanywhere-stat";
    5666 Tcp "nrpe";
    5667 Tcp "nsca";
    5671 Tcp "amqps";
    5672 Tcp "amqp" "rabbitmq";
    5683 Udp "coap";
    5900 Tcp "vnc" "rfb";
    5901 Tcp "vnc-1";
    5984 Tcp "couchdb";
    5985 Tcp "winrm" "wsman";
    5986 Tcp "winrms" "winrm-ssl" "wsmans";
    6000 Tcp "x11";
    6001 Tcp "x11-1";
    6010 Tcp "x11-ssh-offset";
    6081 Udp "geneve";
    6343 Udp "sflow";
    6379 Tcp "redis";
    6380 Tcp "redis-tls";
    6443 Tcp "kube-apiserver" "kubernetes" "k8s" "k8s-api";
    6514 Tcp "syslog-tls";
    6566 Tcp "sane-port";
    6633 Tcp "openflow-old";
    6653 Tcp "openflow";
    6666 Tcp "ircd-alt";
    6667 Tcp "ircd";
    6697 Tcp "ircs-u";
    6881 Tcp "bittorrent";
    7000 Tcp "cassandra-internode" "afs3-fileserver";
    7001 Tcp "weblogic" "afs3-callback";
    7002 Tcp "weblogic-ssl";
    7077 Tcp "spark";
    7199 Tcp "cassandra-jmx";
    7474 Tcp "neo4j" "neo4j-http";
    7547 Tcp "cwmp" "tr-069";
    7687 Tcp "bolt" "neo4j-bolt";
    7946 Both "swarm-gossip";
    8000 Tcp "http-alt-8000" "irdmi";
    8001 Tcp "vcom-tunnel";
    8008 Tcp "http-alt-8008";
    8009 Tcp "ajp13" "ajp";
    8020 Tcp "hdfs" "hdfs-namenode";
    8080 Tcp "http-alt" "webcache" "tomcat";
    8081 Tcp "sunproxyadmin" "blackice";
    8086 Tcp "influxdb";
    8088 Tcp "radan-http" "splunk-hec";
    8089 Tcp "splunkd";
    8090 Tcp "opsmessaging" "confluence";
    8123 Tcp "clickhouse-http" "home-assistant";
    8125 Udp "statsd";
    8126 Tcp "statsd-admin" "datadog-apm";
    8140 Tcp "puppet";
    8200 Tcp "vault" "trivnet1";
    8291 Tcp "winbox" "mikrotik";
    8300 Tcp "consul-server";
    8301 Both "consul-serf" "consul-lan";
    8332 Tcp "bitcoin-rpc";
    8333 Tcp "bitcoin";
    8443 Tcp "https-alt" "pcsync-https";
    8472 Udp "flannel" "otv";
    8500 Tcp "consul" "consul-http";
    8529 Tcp "arangodb";
    8545 Tcp "ethereum-rpc" "geth";
    8600 Both "consul-dns";
    8728 Tcp "mikrotik-api";
    8834 Tcp "nessus-web";
    8883 Tcp "mqtts" "secure-mqtt" "mqtt-tls";
    8888 Tcp "jupyter" "ddi-tcp-1";
    8983 Tcp "solr";
    9000 Tcp "cslistener" "sonarqube" "clickhouse" "minio" "php-fpm";
    9001 Tcp "tor-orport" "minio-console";
    9042 Tcp "cassandra" "cql";
    9050 Tcp "tor-socks" "tor";
    9080 Tcp "glrpc" "websphere-http";
    9090 Tcp "prometheus" "websm" "cockpit";
    9091 Tcp "pushgateway" "transmission";
    9092 Tcp "kafka";
    9093 Tcp "kafka-tls" "alertmanager";
    9100 Tcp "node-exporter" "jetdirect" "pdl-datastream";
    9160 Tcp "cassandra-thrift";
    9200 Tcp "elasticsearch" "elastic" "opensearch" "wap-wsp";
    9300 Tcp "elasticsearch-transport" "vrace";
    9411 Tcp "zipkin";
    9418 Tcp "git";
    9443 Tcp "websphere-https" "tungsten-https";
    9999 Tcp "abyss";
    10000 Tcp "webmin" "ndmp";
    10050 Tcp "zabbix-agent";
    10051 Tcp "zabbix" "zabbix-trapper";
    10080 Tcp "amanda";
    10250 Tcp "kubelet";
    10255 Tcp "kubelet-ro" "kubelet-readonly";
    10256 Tcp "kube-proxy";
    11211 Both "memcached" "memcache";
    11434 Tcp "ollama";
    13721 Tcp "bpdbm" "netbackup";
    15672 Tcp "rabbitmq-mgmt" "rabbitmq-management";
    16443 Tcp "microk8s";
    16992 Tcp "amt-soap-http" "intel-amt";
    18080 Tcp "spark-history";
    19132 Udp "minecraft-bedrock";
    20000 Tcp "dnp" "dnp3" "usermin";
    25565 Tcp "minecraft";
    26257 Tcp "cockroachdb" "cockroach";
    27015 Udp "srcds" "steam";
    27017 Tcp "mongodb" "mongo";
    27018 Tcp "mongodb-shard";
    27019 Tcp "mongodb-config";
    28017 Tcp "mongodb-web";
    31337 Tcp "elite" "back-orifice";
    32764 Tcp "router-backdoor";
    33060 Tcp "mysqlx";
    33848 Udp "jenkins-discovery";
    37215 Tcp "huawei-hg532";
    41641 Udp "tailscale";
    44818 Both "ethernet-ip" "enip";
    47808 Udp "bacnet";
    50000 Tcp "db2" "ibm-db2" "sap";
    50001 Tcp "db2-ssl" "ibm-db2-ssl";
    50051 Tcp "grpc";
    50070 Tcp "hdfs-web";
    51413 Both "transmission-peer";
    51820 Udp "wireguard";
    61616 Tcp "activemq" "openwire";
    62078 Tcp "iphone-sync";
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ports() {
        assert_eq!(service_name(22, TCP), Some("ssh"));
        assert_eq!(service_name(22, UDP), None);
        assert_eq!(service_name(514, UDP), Some("syslog"));
        assert_eq!(service_name(514, TCP), Some("shell"));
        assert_eq!(service_name(53, TCP), Some("dns"));
        assert_eq!(port_of("SSH"), Some(22));
        assert_eq!(port_of("domain"), Some(53));
        assert_eq!(port_of("postgresql"), Some(5432));
        assert_eq!(port_of("nonsense"), None);
        assert_eq!(protocol_name(6), Some("tcp"));
        assert_eq!(protocol_number("ICMPv6"), Some(58));
        assert_eq!(protocol_number("x"), None);
    }

    #[test]
    fn tables_are_in_order_and_every_name_means_one_port() {
        assert!(SERVICES.windows(2).all(|pair| pair[0].port <= pair[1].port), "services by port");
        assert!(PROTOCOLS.windows(2).all(|pair| pair[0].0 < pair[1].0), "protocols by number");
        let mut seen = std::collections::HashMap::new();
        for service in SERVICES {
            for name in service.names {
                assert_eq!(*seen.entry(*name).or_insert(service.port), service.port, "{name} is two ports");
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                    "{name} cannot stand after a colon unquoted"
                );
                assert!(name.bytes().any(|b| b.is_ascii_lowercase()), "{name} would be a number");
            }
        }
        assert!(SERVICES.len() >= 200);
    }
}
