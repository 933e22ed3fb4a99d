;;; imagewire-progress.el --- The words for images in progress  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; What the mode line and the text say of images in progress.  The share and the time left are estimates from earlier
;; predictions of the model.

;;; Code:

(defun imagewire--duration (milliseconds)
  "Return MILLISECONDS as words, such as \"12 s\" or \"3 min\"."
  (let ((seconds (max 1 (ceiling milliseconds 1000))))
    (cond ((< seconds 120) (format "%d s" seconds))
          ((< seconds 7200) (format "%d min" (/ (+ seconds 30) 60)))
          (t (format "%d h" (/ (+ seconds 1800) 3600))))))

(defun imagewire--progress-words (report)
  "Return words for one image from REPORT, the value of a report.
They are its share and the time left, or its status where nothing
is expected."
  (let ((share (plist-get report :progress))
        (eta (plist-get report :eta_ms)))
    (if (not share) (plist-get report :message)
      (format "%d%% · %s" (floor (* share 100))
              (if eta (format "about %s left" (imagewire--duration eta)) "longer than usual")))))

(defun imagewire--progress-several (etas)
  "Return words for several images; ETAS are their milliseconds left or nil."
  (let ((known (delq nil (copy-sequence etas))))
    (format "imagewire: %d images %s" (length etas)
            (if known (format "· next in about %s" (imagewire--duration (apply #'min known))) "in progress"))))

(provide 'imagewire-progress)
;;; imagewire-progress.el ends here
