//! Both paths over the same objects. Also compiled into the fuzz target.

use flowglass_codec::{BatchDecoder, DayBatch, DecodeError, Limits, ObjectFacts, Path};
use flowglass_flow::ObjectId;

/// What a sequence of objects decodes to.
pub(crate) type Decoded = (Vec<Result<ObjectFacts, DecodeError>>, Vec<DayBatch>);

/// Decodes objects, in turn, with one decoder.
pub(crate) fn decode_all(path: Path, limits: Limits, objects: &[(&str, &[u8])]) -> Decoded {
    let mut decoder = BatchDecoder::with_path(limits, path);
    let mut facts = Vec::new();
    let mut rows = 0;
    for (at, (key, body)) in objects.iter().enumerate() {
        let id = ObjectId([at as u8; 16]);
        let result = decoder.push(id, key, body);
        rows += result.as_ref().map_or(0, |facts| facts.records as usize);
        assert_eq!(decoder.rows(), rows, "rows appended are the readable records");
        facts.push(result);
    }
    let batches = decoder.finish();
    assert_eq!(decoder.rows(), 0);
    assert_eq!(batches.iter().map(|batch| batch.batch.num_rows()).sum::<usize>(), rows);
    (facts, batches)
}

/// Decodes objects on both paths and panics unless the results are the same.
pub(crate) fn agreed(limits: Limits, objects: &[(&str, &[u8])]) -> Decoded {
    let fast = decode_all(Path::Fast, limits, objects);
    let general = decode_all(Path::General, limits, objects);
    assert_eq!(fast.0, general.0, "facts, problems and errors");
    assert_eq!(fast.1, general.1, "batches");
    fast
}
