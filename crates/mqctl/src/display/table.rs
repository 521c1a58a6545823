//! Tables: a header in capitals, and columns as wide as their longest cell.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use crate::display::{output, sanitize};

/// A cell without a value, and a cell whose value is unknown.
pub(crate) const NONE: &str = "-";
pub(crate) const UNKNOWN: &str = "?";

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows under a header. Cells are bytes because queue names are.
#[derive(Debug)]
pub(crate) struct Table {
    alignments: Vec<Align>,
    rows: Vec<Vec<Vec<u8>>>,
}

impl Table {
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let (titles, alignments) =
            columns.iter().map(|(t, align)| (t.as_bytes().to_vec(), *align)).unzip();
        Self { alignments, rows: vec![titles] }
    }

    pub(crate) fn push_row(&mut self, cells: Vec<Vec<u8>>) {
        self.rows.push(cells);
    }

    /// Writes the table to standard output: raw to a pipe, escaped to a terminal.
    pub(crate) fn print(self) -> io::Result<()> {
        let is_terminal = output::is_terminal();
        output::write(
            &self.render(
                |cell| if is_terminal { sanitize::bytes(&cell).into_bytes() } else { cell },
            ),
        )
    }

    fn render(self, shown: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let rows: Vec<Vec<Vec<u8>>> =
            self.rows.into_iter().map(|row| row.into_iter().map(&shown).collect()).collect();
        let mut widths = vec![0; self.alignments.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(display_width(cell));
            }
        }
        let mut text = Vec::new();
        for row in rows {
            let last = row.len().saturating_sub(1);
            for (i, ((cell, width), align)) in
                row.iter().zip(&widths).zip(&self.alignments).enumerate()
            {
                let space = vec![b' '; width.saturating_sub(display_width(cell))];
                match align {
                    Align::Right => text.extend([&space, cell].into_iter().flatten()),
                    Align::Left if i == last => text.extend(cell),
                    Align::Left => text.extend([cell, &space].into_iter().flatten()),
                }
                text.extend(if i == last { &b"\n"[..] } else { b"  " });
            }
        }
        text
    }
}

fn display_width(cell: &[u8]) -> usize {
    String::from_utf8_lossy(cell).width()
}

#[cfg(test)]
mod tests {
    use super::{Align, Table};

    #[test]
    fn columns_are_aligned_by_display_width() {
        let mut table =
            Table::new(&[("NAME", Align::Left), ("N", Align::Right), ("T", Align::Left)]);
        table.push_row(vec!["/日本".into(), "1".into(), "x".into()]);
        table.push_row(vec!["/a".into(), "123".into(), "-".into()]);
        let text = String::from_utf8(table.render(|cell| cell)).unwrap_or_default();
        assert_eq!(text, "NAME     N  T\n/日本    1  x\n/a     123  -\n");
    }
}
