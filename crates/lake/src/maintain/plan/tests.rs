//! Plans carried out on files that are only counted: each is its rows by hour.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::delta::{FileStats, Value};

const DAY: i32 = 20_000;

type Rows = BTreeMap<i64, u64>;

/// A day's files, their rows by hour of the day, and how often one was rewritten at most.
#[derive(Default)]
struct Model {
    files: BTreeMap<String, (Arc<DataFile>, Rows, u32)>,
    made: usize,
    rewritten: u64,
}

impl Model {
    fn add(&mut self, rows: Rows, fresh: bool, times: u32) {
        self.made += 1;
        let name = if fresh { "" } else { "-indexed" };
        let path = format!("day=x/{:06}{name}.parquet", self.made);
        let time = |hour: i64| Some(Value::Integer((i64::from(DAY) * 24 + hour) * HOUR + 1));
        let column = ColumnStats {
            column: "time".into(),
            min: rows.keys().next().copied().and_then(time),
            max: rows.keys().last().copied().and_then(time),
            nulls: Some(0),
        };
        let stats = FileStats { rows: rows.values().sum(), columns: vec![column] };
        let file = DataFile { path: path.clone(), size: 1, day: DAY, modified: 0, stats };
        self.files.insert(path, (Arc::new(file), rows, times));
    }

    fn planned(&self, options: &CompactOptions) -> Vec<Merge> {
        merges(self.files.values().map(|(file, ..)| file), options)
    }

    /// Does what merging does.
    fn merge(&mut self, merge: &Merge, options: &CompactOptions) {
        let (mut rows, mut times) = (Rows::new(), 0);
        for file in &merge.files {
            let (_, taken, before) = self.files.remove(&file.path).expect("a file is merged once at a time");
            taken.into_iter().for_each(|(hour, n)| *rows.entry(hour).or_default() += n);
            times = times.max(before + 1);
        }
        let mut left: u64 = rows.values().sum();
        self.rewritten += left;
        let mut file = Rows::new();
        let mut last = None;
        for (hour, mut n) in rows {
            let held: u64 = file.values().sum();
            let at = i64::from(DAY) * 24 + hour;
            let cut = last.is_some_and(|last| merge.cuts.iter().any(|cut| last < *cut && *cut <= at));
            if cut || held >= options.target_rows && left >= options.target_rows / 2 {
                self.add(std::mem::take(&mut file), false, times);
            }
            last = Some(at);
            while n > 0 {
                let held: u64 = file.values().sum();
                if held >= 2 * options.target_rows && left >= options.target_rows / 2 {
                    self.add(std::mem::take(&mut file), false, times);
                }
                let part = n.min(options.target_rows / 3 + 1);
                *file.entry(hour).or_default() += part;
                (n, left) = (n - part, left - part);
            }
        }
        self.add(file, false, times);
    }

    /// Compacts until there is nothing to do; returns how many rounds it took.
    fn compact(&mut self, options: &CompactOptions) -> usize {
        for round in 0..16 {
            let planned = self.planned(options);
            if planned.is_empty() {
                return round;
            }
            for merge in planned {
                assert!(merge.files.len() <= options.merge_files, "{merge:?}");
                let rows: u64 = merge.files.iter().map(|file| file.stats.rows).sum();
                assert!(rows <= options.merge_rows || merge.files.len() == 1, "{rows} rows");
                self.merge(&merge, options);
            }
        }
        panic!("there is always something to do: {:?}", self.planned(options));
    }

    fn times(&self) -> u32 {
        self.files.values().map(|(.., times)| *times).max().unwrap_or(0)
    }

    fn hours(&self) -> Rows {
        let mut all = Rows::new();
        for (hour, n) in self.files.values().flat_map(|(_, rows, _)| rows) {
            *all.entry(*hour).or_default() += n;
        }
        all
    }
}

fn options(target_rows: u64, merge_files: usize, parts: u64, all_sizes: bool) -> CompactOptions {
    let chosen = if all_sizes { CompactOptions::full() } else { CompactOptions::due() };
    CompactOptions { target_rows, merge_files, merge_rows: parts * target_rows, ..chosen }
}

/// Rows of a file: spread over some hours, or most of them in one.
fn rows() -> impl Strategy<Value = Rows> {
    let wide = (0_i64..24, 1_i64..25, 1_u64..200);
    (wide, 0_i64..24, 0_u64..500).prop_map(|((first, hours, n), one, more)| {
        let mut rows: Rows = (first..24.min(first + hours)).map(|hour| (hour, n)).collect();
        *rows.entry(one).or_default() += 1 + more;
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_day_comes_to_rest_in_files_that_follow_each_other(
        files in proptest::collection::vec(rows(), 1..120),
        late in proptest::collection::vec(rows(), 0..9),
        (merge_files, parts) in (8_usize..65, 4_u64..20),
        target in 50_u64..5000,
        all_sizes in any::<bool>(),
    ) {
        let options = options(target, merge_files, parts, all_sizes);
        let mut model = Model::default();
        files.into_iter().for_each(|rows| model.add(rows, true, 0));
        for late in std::iter::once(Vec::new()).chain(late.into_iter().map(|rows| vec![rows])) {
            late.into_iter().for_each(|rows| model.add(rows, true, 0));
            let before = model.hours();
            model.compact(&options);
            prop_assert_eq!(&model.hours(), &before);
            prop_assert!(model.planned(&options).is_empty());
            if !all_sizes {
                continue;
            }
            let spans: Vec<Span> = model.files.values().map(|(file, ..)| Span::of(file)).collect();
            for (at, a) in spans.iter().enumerate() {
                prop_assert!(index::path_of(&a.file.path).is_some());
                for b in &spans[..at] {
                    let (a, b) = (Overlap::new(a.clone()), Overlap::new(b.clone()));
                    let rows = a.rows + b.rows;
                    prop_assert!(a.common(&b) <= 1, "{:?} {:?}", a, b);
                    let small = a.rows.min(b.rows) < target / 2;
                    // Unless both lie in different parts of a day that one merge does not take.
                    let whole = before.values().sum::<u64>() <= options.merge_rows;
                    prop_assert!(!(whole && small && a.common(&b) == 1 && rows <= options.merge_rows), "{:?} {:?}", a, b);
                }
            }
        }
    }
}

fn backlog(files: usize, rows_an_hour: u64) -> Model {
    let mut model = Model::default();
    (0..files).for_each(|_| model.add((0..24).map(|hour| (hour, rows_an_hour)).collect(), true, 0));
    model
}

#[test]
fn a_backlog_of_a_day_is_rewritten_once_or_twice() {
    // Ten million rows are one merge, two hundred million too many for one.
    let mut small = backlog(44, 9_500);
    small.compact(&CompactOptions::due());
    assert_eq!((small.times(), small.files.len()), (1, 3));
    let mut large = backlog(900, 9_500);
    let rounds = large.compact(&CompactOptions::due());
    assert!(large.times() <= 2 && rounds <= 3, "{} times in {rounds} rounds", large.times());
    assert!(large.compact(&CompactOptions::full()) <= 1);
    assert!((40..80).contains(&large.files.len()), "{} files", large.files.len());
}

#[test]
fn a_day_that_comes_bit_by_bit_is_rewritten_a_few_times() {
    let mut model = Model::default();
    let options = CompactOptions::due();
    for hour in 0..24 {
        for _ in 0..1000 {
            model.add(Rows::from([(hour, 1200)]), true, 0);
            model.compact(&options);
        }
    }
    let written = 24 * 1000 * 1200;
    assert!(model.rewritten < 5 * written, "{}", model.rewritten as f64 / written as f64);
    assert!(model.files.len() < 60, "{} files", model.files.len());
}

#[test]
fn one_late_file_does_not_have_its_day_rewritten() {
    let mut model = backlog(900, 9_500);
    model.compact(&CompactOptions::full());
    let rewritten = model.rewritten;
    model.add(Rows::from([(7, 1000)]), true, 0);
    model.compact(&CompactOptions::due());
    assert_eq!(model.rewritten, rewritten);
    model.compact(&CompactOptions::full());
    assert!(model.rewritten - rewritten < 8_000_000, "{}", model.rewritten - rewritten);
}
