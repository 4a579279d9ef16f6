//! Fetched bytes to rows: the work of the decoding threads.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use flowglass_codec::{BatchDecoder, DayBatch, Limits, parse_key};
use flowglass_flow::crn::last_segment;
use flowglass_flow::object::shard_of;
use flowglass_flow::{ObjectEntry, ObjectFacts, ObjectId, Outcome};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::fetch::Look;
use crate::source::{Fetched, Listed, Source};

/// An object that was read, on its way to be decoded.
pub(crate) struct Read {
    pub source: Arc<dyn Source>,
    pub listed: Listed,
    /// What was read, or why its bytes will never do.
    pub body: Result<Fetched, String>,
    /// To be taken although the ledger knows it.
    pub again: bool,
    /// The look that found it.
    pub look: Option<Arc<Look>>,
    /// Room of its bytes in memory, free again when this is dropped.
    pub room: OwnedSemaphorePermit,
}

/// Decoded objects of one shard.
pub(crate) struct Chunk {
    pub shard: u32,
    pub objects: Vec<ObjectEntry>,
    pub rows: Vec<DayBatch>,
    pub again: Vec<ObjectId>,
    /// The looks that found some of them.
    pub looks: Vec<Arc<Look>>,
}

impl Chunk {
    pub(crate) fn row_count(&self) -> usize {
        self.rows.iter().map(|rows| rows.batch.num_rows()).sum()
    }

    pub(crate) fn byte_count(&self) -> usize {
        self.rows.iter().map(|rows| rows.batch.get_array_memory_size()).sum()
    }
}

/// Rows after which a chunk is handed on: small enough that what waits between the stages stays small.
const CHUNK_ROWS: usize = 32_768;
/// Objects after which a chunk is handed on.
const CHUNK_OBJECTS: usize = 512;
/// Time without more input after which a chunk is handed on: each one costs as much as some hundred rows.
const HAND_ON_AFTER: Duration = Duration::from_millis(20);

/// Bounds of what is decoded.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Of each object.
    pub limits: Limits,
    /// Objects of a commit at most: a chunk has no more.
    pub objects: usize,
}

/// Decodes what comes and is admitted until the input ends or the output is gone. Runs on a thread of its own.
pub(crate) fn work(
    input: &Arc<tokio::sync::Mutex<mpsc::Receiver<Vec<Read>>>>,
    output: &mpsc::Sender<Chunk>,
    shards: u32,
    bounds: Bounds,
    admits: impl Fn(&Read) -> bool,
) {
    let Bounds { limits, objects } = bounds;
    let mut decoders: HashMap<u32, Open> = HashMap::new();
    let mut waiting = VecDeque::new();
    let runtime = tokio::runtime::Handle::current();
    let receive = async || input.lock().await.recv().await;
    loop {
        let next = match waiting.pop_front() {
            Some(read) => Some(read),
            None => {
                let has_some = decoders.values().any(|open| !open.objects.is_empty());
                let received = match has_some {
                    false => runtime.block_on(receive()),
                    true => match runtime.block_on(tokio::time::timeout(HAND_ON_AFTER, receive())) {
                        Ok(received) => received,
                        // A lone object is not kept back for more to come.
                        Err(_) => {
                            if !decoders.iter_mut().all(|(shard, open)| open.hand_on(*shard, output)) {
                                return;
                            }
                            continue;
                        }
                    },
                };
                received.and_then(|read| {
                    waiting.extend(read);
                    waiting.pop_front()
                })
            }
        };
        let Some(read) = next else { break };
        if !admits(&read) {
            continue;
        }
        let shard = shard_of(read.source.name(), &read.listed.key, shards);
        let open = decoders.entry(shard).or_insert_with(|| Open::new(limits));
        open.take(read);
        if (open.decoder.rows() >= CHUNK_ROWS || open.objects.len() >= objects.min(CHUNK_OBJECTS))
            && !open.hand_on(shard, output)
        {
            return;
        }
    }
    for (shard, open) in &mut decoders {
        open.hand_on(*shard, output);
    }
}

/// A chunk being filled.
struct Open {
    decoder: BatchDecoder,
    objects: Vec<ObjectEntry>,
    again: Vec<ObjectId>,
    looks: Vec<Arc<Look>>,
}

impl Open {
    fn new(limits: Limits) -> Self {
        Self { decoder: BatchDecoder::new(limits), objects: Vec::new(), again: Vec::new(), looks: Vec::new() }
    }

    fn take(&mut self, read: Read) {
        let Read { source, listed, body, again, look, room } = read;
        if let Some(look) = look
            && !self.looks.iter().any(|known| Arc::ptr_eq(known, &look))
        {
            self.looks.push(look);
        }
        let (version, content_hash) = match &body {
            Ok(fetched) => (fetched.version.clone(), Some(fetched.content_hash.clone())),
            // Not read: the listing is all there is to tell versions apart.
            Err(_) => {
                (flowglass_lake::version_tag(listed.etag.as_deref(), listed.size, listed.last_modified), None)
            }
        };
        let id = ObjectId::of(source.name(), &listed.key, &version);
        let size = body.as_ref().map_or(listed.size, |fetched| fetched.bytes.len() as u64);
        // A file may have been written between its listing and its reading: these bytes are of the later time.
        let written = body.as_ref().ok().and_then(|fetched| fetched.last_modified).or(listed.last_modified);
        let decoded = body.and_then(|fetched| {
            self.decoder.push(id, &listed.key, &fetched.bytes).map_err(|error| error.to_string())
        });
        drop(room);
        let (outcome, reason, facts) = match decoded {
            Ok(facts) if facts.unreadable > 0 => (Outcome::Partial, None, facts),
            Ok(facts) if facts.records == 0 => (Outcome::Empty, None, facts),
            Ok(facts) => (Outcome::Done, None, facts),
            Err(reason) => (Outcome::Quarantined, Some(reason), facts_of_key(&listed)),
        };
        if again {
            self.again.push(id);
        }
        self.objects.push(ObjectEntry {
            object_id: id,
            source: source.name().clone(),
            key: listed.key,
            etag: version,
            size,
            last_modified: written,
            recorded_at: flowglass_flow::time::now(),
            outcome,
            reason,
            replaces: None,
            content_hash,
            facts,
        });
    }

    /// Hands on what there is; false if nobody takes it.
    fn hand_on(&mut self, shard: u32, output: &mpsc::Sender<Chunk>) -> bool {
        if self.objects.is_empty() {
            return true;
        }
        let chunk = Chunk {
            shard,
            objects: std::mem::take(&mut self.objects),
            rows: self.decoder.finish(),
            again: std::mem::take(&mut self.again),
            looks: std::mem::take(&mut self.looks),
        };
        output.blocking_send(chunk).is_ok()
    }
}

/// What is known of an object that cannot be read: what its key says, and that its window ended about when it was
/// written, if that agrees with its key.
pub(crate) fn facts_of_key(listed: &Listed) -> ObjectFacts {
    const HOUR: i64 = 3600 * flowglass_flow::time::SECOND;
    let mut facts = ObjectFacts::default();
    let Some(key) = parse_key(&listed.key) else { return facts };
    let id = |crn: &Option<String>| crn.as_deref().map(|crn| last_segment(crn).to_owned());
    facts.provider = Some("ibm".to_owned());
    facts.vpc_id = id(&key.vpc_crn);
    facts.subnet_id = id(&key.subnet_crn);
    facts.instance_id = id(&key.instance_crn);
    facts.account_id = key.account_id;
    facts.region = key.region;
    facts.zone = key.zone;
    facts.vnic_id = key.vnic_id;
    facts.record_type = key.record_type;
    facts.stream_id = key.stream_id;
    facts.sequence_number = key.sequence_number;
    if let Some(day) = key.day {
        facts.day = day;
        let folder = i64::from(day) * flowglass_flow::time::DAY + i64::from(key.hour.unwrap_or(0)) * HOUR;
        let written = listed.last_modified.filter(|at| (folder - HOUR..folder + 2 * HOUR).contains(at));
        facts.capture_end_time = written;
        facts.capture_start_time = written.map(|at| at - 300 * flowglass_flow::time::SECOND);
    }
    facts
}
