//! Tables: a header in capitals, columns as wide as what is in them.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use crate::display::{output, sanitize};

/// What a cell shows for nothing, and for what is not known.
pub(crate) const NOTHING: &str = "-";
pub(crate) const UNKNOWN: &str = "?";

/// On which side a column is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows under a header. Cells are bytes, since names are.
#[derive(Debug)]
pub(crate) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<Vec<u8>>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&str, Side)]) -> Self {
        let (titles, sides) =
            columns.iter().map(|(t, side)| (t.as_bytes().to_vec(), *side)).unzip();
        Self { sides, rows: vec![titles] }
    }

    pub(crate) fn row(&mut self, cells: Vec<Vec<u8>>) {
        self.rows.push(cells);
    }

    /// Names go raw into a pipe, and safe to a terminal.
    pub(crate) fn print(self) -> io::Result<()> {
        let is_terminal = output::is_terminal();
        output::write(
            &self.text(|cell| if is_terminal { sanitize::bytes(&cell).into_bytes() } else { cell }),
        )
    }

    fn text(self, shown: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let rows: Vec<Vec<Vec<u8>>> =
            self.rows.into_iter().map(|row| row.into_iter().map(&shown).collect()).collect();
        let mut widths = vec![0; self.sides.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(width_of(cell));
            }
        }
        let mut text = Vec::new();
        for row in rows {
            let last = row.len().saturating_sub(1);
            for (i, ((cell, width), side)) in row.iter().zip(&widths).zip(&self.sides).enumerate() {
                let space = vec![b' '; width.saturating_sub(width_of(cell))];
                match side {
                    Side::Right => text.extend([&space, cell].into_iter().flatten()),
                    Side::Left if i == last => text.extend(cell),
                    Side::Left => text.extend([cell, &space].into_iter().flatten()),
                }
                text.extend(if i == last { &b"\n"[..] } else { b"  " });
            }
        }
        text
    }
}

fn width_of(cell: &[u8]) -> usize {
    String::from_utf8_lossy(cell).width()
}

#[cfg(test)]
mod tests {
    use super::{Side, Table};

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut table = Table::new(&[("NAME", Side::Left), ("N", Side::Right), ("T", Side::Left)]);
        table.row(vec!["/日本".into(), "1".into(), "x".into()]);
        table.row(vec!["/a".into(), "123".into(), "-".into()]);
        let text = String::from_utf8(table.text(|cell| cell)).unwrap_or_default();
        assert_eq!(text, "NAME     N  T\n/日本    1  x\n/a     123  -\n");
    }
}
