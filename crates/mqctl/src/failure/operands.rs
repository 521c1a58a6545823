//! Several operands: each is done, whatever became of the others.

use crate::failure::Outcome;

/// Says each failure when it comes, and ends with the code of the first.
pub(crate) fn for_each_operand<T>(
    operands: impl IntoIterator<Item = T>,
    mut act: impl FnMut(T) -> Outcome,
) -> Outcome {
    let mut outcome = Ok(());
    for operand in operands {
        if let Err(failure) = act(operand) {
            let failure = failure.print();
            outcome = outcome.and(Err(failure));
        }
    }
    outcome
}
