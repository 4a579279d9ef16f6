//! Records and bytes a second of each stage, on generated objects of the provider's usual form.
//!
//! `cargo bench -p flowglass-codec`. Throughput is in records; the size of a record is printed first.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowglass_codec::{BatchDecoder, Limits, Path, inflate};
use flowglass_flow::ObjectId;

/// Records of an object: about what fits before the provider cuts it (100 kB), and a quiet vNIC's.
const SIZES: [usize; 3] = [8, 160, 4000];

/// Rows after which a batch is taken out.
const BATCH: usize = 250_000;

struct Choices(u64);

impl Choices {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

fn key(number: usize) -> String {
    format!(
        "ibm_vpc_flowlogs_v1/account=713c783d9a507a53135fe6793c37cc74/region=us-south/vpc-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south%3Aa%2F713c783d9a507a53135fe6793c37cc74%3A%3Avpc%3Ar006-0f9c0744-3a8e-4381-96bc-8cea1a0cb9cd/subnet-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south-2%3Aa%2F713c783d9a507a53135fe6793c37cc74%3A%3Asubnet%3A0727-c3a6ab5c-a68e-4682-934b-8b7b322b95af/endpoint-type=vnics/instance-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south-2%3Aa%2F713c783d9a507a53135fe6793c37cc74%3A%3Ainstance%3A0727_35d351c2-b74a-434c-946a-177420e476f4/vnic-id=0727-53951b15-ba23-4495-80b8-0b2f4617c506/record-type=ingress/year=2021/month=12/day=14/hour=13/stream-id=20211210T183830Z/{number:08}.gz"
    )
}

fn object(records: usize, choices: &mut Choices) -> String {
    let mut text = String::from(
        r#"{"version":"0.0.1","collector_crn":"crn:v1:bluemix:public:is:us-south:a/713c783d9a507a53135fe6793c37cc74::flow-log-collector:r006-7fdc00bc-e7ff-4de2-b040-da5b024f298c","attached_endpoint_type":"vnic","network_interface_id":"0727-53951b15-ba23-4495-80b8-0b2f4617c506","instance_crn":"crn:v1:bluemix:public:is:us-south-2:a/713c783d9a507a53135fe6793c37cc74::instance:0727_35d351c2-b74a-434c-946a-177420e476f4","vpc_crn":"crn:v1:bluemix:public:is:us-south:a/713c783d9a507a53135fe6793c37cc74::vpc:r006-0f9c0744-3a8e-4381-96bc-8cea1a0cb9cd","capture_start_time":"2021-12-14T12:55:03Z","capture_end_time":"2021-12-14T13:00:03Z","state":"ok","#,
    );
    write!(text, r#""number_of_flow_logs":{records},"flow_logs":["#).expect("text");
    for at in 0..records {
        // A quarter are closing records: no times, no traffic in the window.
        let closing = choices.below(4) == 0;
        let second = choices.below(60);
        let minute = 55 + choices.below(5);
        let start = if closing { String::new() } else { format!("2021-12-14T12:{minute}:{second:02}Z") };
        let end = if closing { String::new() } else { format!("2021-12-14T12:59:{second:02}Z") };
        let packets = if closing { 0 } else { 1 + choices.below(900) };
        let bytes = packets * (54 + choices.below(1000));
        let comma = if at == 0 { "" } else { "," };
        let (a, b, c, d) =
            (choices.below(223) + 1, choices.below(256), choices.below(256), choices.below(256));
        let action = if choices.below(3) == 0 { "accepted" } else { "rejected" };
        let (from, to) = (1024 + choices.below(60_000), choices.below(10_000));
        write!(text, r#"{comma}{{"start_time":"{start}","end_time":"{end}","connection_start_time":"2021-12-14T12:{minute}:{second:02}Z","direction":"I","action":"{action}","initiator_ip":"{a}.{b}.{c}.{d}","target_ip":"10.240.0.4","initiator_port":{from},"target_port":{to},"transport_protocol":6,"ether_type":"IPv4","was_initiated":{},"was_terminated":{closing},"bytes_from_initiator":{bytes},"packets_from_initiator":{packets},"bytes_from_target":{},"packets_from_target":{packets},"cumulative_bytes_from_initiator":{},"cumulative_packets_from_initiator":{},"cumulative_bytes_from_target":{},"cumulative_packets_from_target":{}}}"#, !closing, bytes * 2, bytes + 600, packets + 10, bytes * 2 + 600, packets + 10).expect("text");
    }
    text.push_str("]}");
    text
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(body.len())];
    let length = compressor.gzip_compress(body, &mut out).expect("room for the result");
    out.truncate(length);
    out
}

fn decode(decoder: &mut BatchDecoder, objects: &[(String, Vec<u8>)]) {
    for (key, body) in objects {
        decoder.push(ObjectId([7; 16]), key, body).expect("a readable object");
        if decoder.rows() >= BATCH {
            black_box(decoder.finish());
        }
    }
}

fn benches(c: &mut Criterion) {
    for size in SIZES {
        // As many objects as hold 40,000 records, so that they do not all stay in the nearest cache.
        let objects = 40_000 / size;
        let mut choices = Choices(0x9e37_79b9_7f4a_7c15);
        let plain: Vec<(String, Vec<u8>)> =
            (0..objects).map(|n| (key(n), object(size, &mut choices).into_bytes())).collect();
        let zipped: Vec<(String, Vec<u8>)> =
            plain.iter().map(|(key, body)| (key.clone(), gzip(body))).collect();
        let bytes = |objects: &[(String, Vec<u8>)]| objects.iter().map(|(_, body)| body.len()).sum::<usize>();
        let records = size * objects;
        #[expect(clippy::print_stderr, reason = "figures without which the results mean little")]
        let () = eprintln!(
            "{size} records an object: {} B of JSON a record, gzip {:.1}:1",
            bytes(&plain) / records,
            bytes(&plain) as f64 / bytes(&zipped) as f64
        );
        let mut group = c.benchmark_group(format!("{size} records an object"));
        group.sample_size(20);
        group.throughput(Throughput::ElementsAndBytes {
            elements: records as u64,
            bytes: bytes(&plain) as u64,
        });
        group.bench_function("inflate", |b| {
            b.iter(|| {
                for (_, body) in &zipped {
                    black_box(inflate(body, &Limits::default()).expect("whole"));
                }
            });
        });
        for (name, path, objects) in [
            ("fast path", Path::Fast, &plain),
            ("general path", Path::General, &plain),
            ("inflate and fast path", Path::Fast, &zipped),
        ] {
            let mut decoder = BatchDecoder::with_path(Limits::default(), path);
            group.bench_function(name, |b| b.iter(|| decode(&mut decoder, objects)));
        }
        group.finish();
    }
}

criterion_group!(decode_objects, benches);
criterion_main!(decode_objects);
