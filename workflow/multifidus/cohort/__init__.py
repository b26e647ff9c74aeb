"""The calibrated synthetic cohort: raw answers that, once scored, print the published figures.

Participant data of the trial are not public. This room draws 204 synthetic participants with raw
questionnaires, prescriptions, events, attendance and stimulator logs, and calibrates them to the
published figures (`targets`), with everything unpublished declared as an assumption (`design`).
Agreement then shows that the pipeline recovers what went in, not that the trial is confirmed.

What is infeasible or contradictory, and left out by declared rules:

* the upper limit of the five-year ODI interval: the printed interval is not symmetric about its
  estimate, so the lower limit and the estimate are met and the upper limit falls near -20.0;
* the primary responder shares of the journal paper (57.1 % and 46.6 %), which are no counts of
  102; the headline shares, 57 and 48 of 102, are met instead, and the paper's difference and p
  are not;
* shares of pain responders at two years in the paper's abstract (71 % and 65 % of 156) beside
  counts (111 and 103 of 155) that print differently: the counts are met;
* earlier conference figures that a paper supersedes;
* the share on any pain medication, satisfaction, impact status, work days, the test of cumulative
  proportions and a one-year opioid figure from a partial data cut: the raw tables hold nothing they
  could be computed from, or the denominator cannot be placed.

The randomised comparison is met by the two-sample t test with pooled variance, on changes and on
levels alike. Its figures leave a strip of about a tenth of their windows; the arms' baseline means
are placed in it (`balance`).
"""
