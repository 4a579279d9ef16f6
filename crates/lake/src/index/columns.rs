//! Cells as they are summed up: column by column, in little memory.

#[cfg(test)]
use super::cells::Amounts;
use crate::varint::Reader;

/// Which of the amounts is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Rows,
    Bytes,
    Packets,
}

/// Cells of an index: how much there is of each key, by class.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cells<K> {
    /// The keys in the index's order. One may be there several times, if others are in between.
    keys: Vec<K>,
    /// The end of each key's cells.
    ends: Vec<u32>,
    classes: Vec<u8>,
    rows: Numbers,
    bytes: Numbers,
    packets: Numbers,
}

/// Numbers, which nearly always are short.
#[derive(Debug, PartialEq, Eq)]
enum Numbers {
    Short(Vec<u32>),
    Long(Vec<u64>),
}

impl<K> Default for Cells<K> {
    fn default() -> Self {
        let numbers = || Numbers::Short(Vec::new());
        Self {
            keys: Vec::new(),
            ends: Vec::new(),
            classes: Vec::new(),
            rows: numbers(),
            bytes: numbers(),
            packets: numbers(),
        }
    }
}

impl<K: PartialEq> Cells<K> {
    /// Appends a number of cells of a key. Their amounts are to be read next.
    pub(crate) fn push(&mut self, key: K, cells: usize) -> Option<()> {
        let end = self.ends.last().copied().unwrap_or(0).checked_add(u32::try_from(cells).ok()?)?;
        if self.keys.last() == Some(&key) {
            *self.ends.last_mut()? = end;
        } else {
            self.keys.push(key);
            self.ends.push(end);
        }
        Some(())
    }

    /// Reads the classes and amounts of the cells that were pushed since the last time.
    pub(crate) fn read_amounts(&mut self, input: &mut Reader<'_>) -> Option<()> {
        let count = (self.ends.last().copied().unwrap_or(0) as usize).checked_sub(self.classes.len())?;
        self.classes.extend_from_slice(input.take(count)?);
        self.rows.read(input, count)?;
        self.bytes.read(input, count)?;
        self.packets.read(input, count)
    }

    /// Gives back memory that growing took too much of.
    pub(super) fn fit(mut self) -> Self {
        self.keys.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.classes.shrink_to_fit();
        [&mut self.rows, &mut self.bytes, &mut self.packets].into_iter().for_each(Numbers::shrink);
        self
    }

    /// The keys in order, which may be summed up by [`Cells::sum`].
    pub(crate) fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Bytes of memory they take, without what keys point to.
    pub(crate) fn memory(&self) -> usize {
        self.keys.len() * size_of::<K>()
            + self.ends.len() * size_of::<u32>()
            + self.classes.len()
            + [&self.rows, &self.bytes, &self.packets].into_iter().map(Numbers::memory).sum::<usize>()
    }

    /// Calls a function with each key that has any of a quantity in the classes that count, and how much.
    pub(crate) fn sum(&self, counted: &[bool], quantity: Quantity, visit: impl FnMut(&K, u64)) {
        let numbers = match quantity {
            Quantity::Rows => &self.rows,
            Quantity::Bytes => &self.bytes,
            Quantity::Packets => &self.packets,
        };
        // All that a class can be, so that looking one up needs no check.
        let mut table = [false; 256];
        table.iter_mut().zip(counted).for_each(|(entry, counted)| *entry = *counted);
        match numbers {
            Numbers::Short(numbers) => self.sum_of(&table, numbers, visit),
            Numbers::Long(numbers) => self.sum_of(&table, numbers, visit),
        }
    }

    fn sum_of<N: Copy + Into<u64>>(
        &self,
        counted: &[bool; 256],
        numbers: &[N],
        mut visit: impl FnMut(&K, u64),
    ) {
        let mut start = 0;
        for (key, end) in self.keys.iter().zip(&self.ends) {
            let end = *end as usize;
            let cells = self.classes[start..end].iter().zip(&numbers[start..end]);
            let sum = cells.fold(0_u64, |sum, (class, number)| {
                let number = if counted[usize::from(*class)] { (*number).into() } else { 0 };
                sum.saturating_add(number)
            });
            if sum > 0 {
                visit(key, sum);
            }
            start = end;
        }
    }

    /// The cells one by one.
    #[cfg(test)]
    pub(super) fn cells(&self) -> Vec<(&K, u8, Amounts)> {
        let mut keys = self.keys.iter().zip(&self.ends).peekable();
        let cell = |at: usize| {
            while keys.peek().is_some_and(|(_, end)| **end as usize <= at) {
                keys.next();
            }
            let [rows, bytes, packets] = [&self.rows, &self.bytes, &self.packets].map(|of| of.get(at));
            (keys.peek().expect("a key for each").0, self.classes[at], Amounts { rows, bytes, packets })
        };
        (0..self.classes.len()).map(cell).collect()
    }
}

impl Numbers {
    fn read(&mut self, input: &mut Reader<'_>, count: usize) -> Option<()> {
        let mut left = count;
        if let Self::Short(numbers) = self {
            numbers.reserve(count);
            while left > 0 {
                let before = input.clone();
                match u32::try_from(input.number()?) {
                    Ok(number) => numbers.push(number),
                    Err(_) => {
                        *input = before;
                        break;
                    }
                }
                left -= 1;
            }
            if left == 0 {
                return Some(());
            }
            *self = Self::Long(numbers.iter().copied().map(u64::from).collect());
        }
        let Self::Long(numbers) = self else { return None };
        numbers.reserve(left);
        for _ in 0..left {
            numbers.push(input.number()?);
        }
        Some(())
    }

    fn shrink(&mut self) {
        match self {
            Self::Short(numbers) => numbers.shrink_to_fit(),
            Self::Long(numbers) => numbers.shrink_to_fit(),
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Short(numbers) => size_of_val(numbers.as_slice()),
            Self::Long(numbers) => size_of_val(numbers.as_slice()),
        }
    }

    #[cfg(test)]
    fn get(&self, at: usize) -> u64 {
        match self {
            Self::Short(numbers) => numbers[at].into(),
            Self::Long(numbers) => numbers[at],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::varint::Writer;

    #[test]
    fn sums_by_key() {
        let mut cells = Cells::default();
        for (key, count) in [("a", 2), ("a", 1), ("b", 1), ("a", 1)] {
            cells.push(key, count).expect("few");
        }
        let mut out = Writer::default();
        out.0.extend([0_u8, 1, 1, 0, 2]);
        [1_u64, 2, 3, 4, 5].iter().for_each(|rows| out.number(*rows));
        // One number that is not short.
        [10, 20, 1 << 40, 0, 50].iter().for_each(|bytes| out.number(*bytes));
        [0_u64; 5].iter().for_each(|packets| out.number(*packets));
        cells.read_amounts(&mut Reader(&out.0)).expect("whole");
        let sums = |counted: &[bool], quantity| {
            let mut found = Vec::new();
            cells.sum(counted, quantity, |key, sum| found.push((*key, sum)));
            found
        };
        assert_eq!(cells.keys(), ["a", "b", "a"]);
        assert_eq!(sums(&[true, true, true], Quantity::Rows), [("a", 6), ("b", 4), ("a", 5)]);
        assert_eq!(sums(&[false, true], Quantity::Rows), [("a", 5)]);
        assert_eq!(sums(&[true, true, true], Quantity::Bytes), [("a", (1 << 40) + 30), ("a", 50)]);
        assert_eq!(sums(&[true, true, true], Quantity::Packets), []);
    }
}
