//! Styles. Without color, everything can still be distinguished.

use ratatui::style::{Color, Modifier, Style};

pub(super) const HEADER: Style =
    Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED));
pub(super) const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const SECONDARY: Style = Style::new().add_modifier(Modifier::DIM);

/// The styles, with or without color.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    pub(crate) has_color: bool,
}

impl Theme {
    pub(super) fn title(self) -> Style {
        self.colored(Style::new().add_modifier(Modifier::BOLD), Color::Cyan)
    }

    pub(super) fn error(self) -> Style {
        self.colored(Style::new().add_modifier(Modifier::BOLD), Color::Red)
    }

    /// The style of a bar, by fullness from 0 to 1.
    pub(super) fn depth(self, fullness: f64) -> Style {
        let color = match fullness {
            0.9.. => Color::Red,
            0.5.. => Color::Yellow,
            _ => Color::Green,
        };
        self.colored(Style::new(), color)
    }

    fn colored(self, style: Style, color: Color) -> Style {
        if self.has_color { style.fg(color) } else { style }
    }
}
