//! The table: a row for each queue, with as many columns as fit.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, Table, TableState};

use super::super::history::Row;
use super::super::humanize;
use super::super::sort::SortKey;
use super::context::DrawContext;
use super::theme;
use crate::display::bars;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Name,
    Depth,
    Messages,
    Bytes,
    In,
    Out,
    History,
    Notify,
    Owner,
    Used,
}

/// The optional columns, most important first. The name is always shown.
const BY_PRIORITY: [Column; 9] = [
    Column::Messages,
    Column::Depth,
    Column::In,
    Column::Out,
    Column::Notify,
    Column::History,
    Column::Owner,
    Column::Used,
    Column::Bytes,
];
/// The minimum width of the name, and the width it gets before less important columns are shown.
const NAME_MIN: usize = 10;
const NAME_PREFERRED: usize = 24;

pub(super) fn draw(frame: &mut Frame, area: Rect, context: &DrawContext) {
    let (rows, line) = context.view.rows(context.history);
    if rows.is_empty() {
        let why = if context.history.rows().len() == 0 { "no queues" } else { "no queue matches" };
        frame.render_widget(Paragraph::new(why), area);
        return;
    }
    let columns = columns(&rows, area.width.into(), context);
    let cells = |row: &Row| -> ratatui::widgets::Row {
        columns.iter().map(|(column, width)| column.cell(row, *width, context)).collect()
    };
    // Build only the visible rows.
    let height = usize::from(area.height);
    let first = first_row(rows.len(), line, height.saturating_sub(1));
    let body: Vec<_> = rows.iter().skip(first).take(height).map(|row| cells(row)).collect();
    let widths = columns.iter().map(|(_, width)| Constraint::Length(to_u16(*width)));
    let mut table = Table::new(body, widths).column_spacing(1).row_highlight_style(theme::SELECTED);
    if area.height >= 2 {
        let titles: ratatui::widgets::Row =
            columns.iter().map(|(column, _)| column.aligned(column.title(context))).collect();
        table = table.header(titles.style(theme::HEADER));
    }
    let mut state = TableState::new().with_selected(line.saturating_sub(first));
    frame.render_stateful_widget(table, area, &mut state);
}

/// Returns the first visible row, so that the selected row is centered if possible.
fn first_row(rows: usize, selected: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(rows.saturating_sub(height))
}

/// Returns the visible columns in display order, with their widths.
fn columns(rows: &[&Row], available: usize, context: &DrawContext) -> Vec<(Column, usize)> {
    let mut columns = vec![(Column::Name, 0)];
    let mut used = 0;
    for column in BY_PRIORITY {
        let width = column.width(rows, available, context);
        let name = if column >= Column::Used || column == Column::Bytes {
            NAME_PREFERRED
        } else {
            NAME_MIN
        };
        if name + used + 1 + width > available {
            break;
        }
        used += 1 + width;
        columns.push((column, width));
    }
    columns.sort_unstable();
    let longest = rows.iter().map(|row| display_width(&row.name)).max().unwrap_or(0);
    if let Some((_, width)) = columns.first_mut() {
        // Leave surplus width after the last column, not inside the row.
        *width = (available - used).min(longest.max(NAME_MIN).max(available / 4));
    }
    columns
}

impl Column {
    fn title(self, context: &DrawContext) -> String {
        let (title, order) = match self {
            Self::Name => ("NAME", Some(SortKey::Name)),
            Self::Depth => ("DEPTH", Some(SortKey::Depth)),
            Self::Messages => ("MSGS", Some(SortKey::Messages)),
            Self::Bytes => ("BYTES", Some(SortKey::Bytes)),
            // Lower bounds, see `traffic`.
            Self::In => ("≥IN/S", Some(SortKey::In)),
            Self::Out => ("≥OUT/S", Some(SortKey::Out)),
            Self::History => ("HISTORY", None),
            Self::Notify => ("NOTIFY", None),
            Self::Owner => ("OWNER", Some(SortKey::Owner)),
            Self::Used => ("USED", Some(SortKey::Used)),
        };
        match (order == Some(context.view.sort_key), context.view.is_reversed) {
            (false, _) => title.to_owned(),
            (true, false) => format!("{title}▼"),
            (true, true) => format!("{title}▲"),
        }
    }

    /// Returns the width for all rows, not only the visible, so that scrolling does not move columns.
    fn width(self, rows: &[&Row], available: usize, context: &DrawContext) -> usize {
        // Always reserve room for the sort mark.
        let title = display_width(&self.title(context).replace(['▼', '▲'], "")) + 1;
        match self {
            Self::Depth => (available / 10).clamp(5, 20).max(title),
            Self::History => (available / 8).clamp(8, 60),
            _ => {
                let texts = rows.iter().map(|row| display_width(&self.text(row, context)));
                texts.max().unwrap_or(0).max(title)
            }
        }
    }

    fn cell(self, row: &Row, width: usize, context: &DrawContext) -> Cell<'static> {
        match self {
            Self::Depth => {
                let fullness = row.fullness().unwrap_or(0.0);
                let bar = bars::bar(fullness, 1.0, width);
                Cell::from(bar).style(context.theme.depth(fullness))
            }
            Self::History => {
                let skipped = row.depths.len().saturating_sub(width);
                let trend = bars::sparkline(row.depths.iter().skip(skipped).copied(), 1.0);
                // The latest sample is always at the right edge.
                Cell::from(Line::from(trend).right_aligned()).style(Style::new())
            }
            _ => self.aligned(truncate(&self.text(row, context), width)),
        }
    }

    fn text(self, row: &Row, context: &DrawContext) -> String {
        let contents = row.sample.contents;
        let rate = |rate: Option<f64>| match (contents, rate) {
            (None, _) => "?".to_owned(),
            (_, None) => "-".to_owned(),
            (_, Some(rate)) => humanize::rate(rate),
        };
        match self {
            Self::Name => row.name.clone(),
            Self::Messages => contents
                .map_or_else(|| "?".to_owned(), |c| format!("{}/{}", c.messages, c.capacity)),
            Self::Bytes => contents.map_or_else(|| "?".to_owned(), |c| humanize::bytes(c.bytes)),
            Self::In => rate(row.rates.map(|rates| rates.sent)),
            Self::Out => rate(row.rates.map(|rates| rates.received)),
            Self::Notify => humanize::notification(contents),
            Self::Owner => context.user_names.name(row.sample.uid),
            Self::Used => {
                let now = context.history.sampled_at().unwrap_or(row.sample.modified);
                humanize::ago(now, row.sample.modified)
            }
            Self::Depth | Self::History => String::new(),
        }
    }

    /// Aligns text left and numbers right.
    fn aligned(self, text: String) -> Cell<'static> {
        let line = Line::from(text);
        match self {
            Self::Messages | Self::Bytes | Self::In | Self::Out | Self::Used | Self::History => {
                Cell::from(line.right_aligned())
            }
            Self::Name | Self::Depth | Self::Notify | Self::Owner => Cell::from(line),
        }
    }
}

/// Truncates text to a width and marks that with an ellipsis.
fn truncate(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut truncated = String::new();
    for c in text.chars() {
        if display_width(&truncated) + display_width(c.encode_utf8(&mut [0; 4])) >= width {
            break;
        }
        truncated.push(c);
    }
    truncated.push('…');
    truncated
}

/// Returns the width in cells.
fn display_width(text: &str) -> usize {
    Line::from(text).width()
}

fn to_u16(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{first_row, truncate};

    #[test]
    fn names_are_truncated_by_display_width() {
        assert_eq!(truncate("/jobs", 5), "/jobs");
        assert_eq!(truncate("/jobs", 4), "/jo…");
        assert_eq!(truncate("/\u{6f22}\u{5b57}\u{6f22}", 5), "/\u{6f22}…");
        assert_eq!(truncate("/jobs", 0), "…");
    }

    #[test]
    fn selected_row_is_always_visible() {
        for rows in 1..30 {
            for selected in 0..rows {
                for height in 1..12 {
                    let first = first_row(rows, selected, height);
                    assert!((first..first + height).contains(&selected));
                    assert!(first == 0 || first + height <= rows);
                }
            }
        }
    }
}
