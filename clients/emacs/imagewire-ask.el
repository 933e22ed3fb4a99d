;;; imagewire-ask.el --- Questions of commands, to the program and to the user  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; What a command has to know before it can begin: an answer of the program, whether the price and an upload are agreed
;; to, and a choice from a list.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-message)
(require 'imagewire-process)
(require 'imagewire-settings)

(defun imagewire--await (method params &optional exact)
  "Call METHOD with PARAMS, wait for its result and return it.
For commands that cannot ask their question before.  Signal a
`user-error' where it fails.  EXACT is as in `imagewire--call'."
  (let* ((end (+ (float-time) 30))
         answered result problem
         (request (imagewire--call method params
                                   (lambda (value) (setq answered t result value))
                                   (lambda (message) (setq answered t problem message))
                                   exact)))
    (unwind-protect
        (while (not (or answered (> (float-time) end)))
          (accept-process-output nil 0.02))
      (unless answered (imagewire--withdraw request)))
    (cond (problem (user-error "%s" (imagewire--one-line problem)))
          ((not answered) (user-error "No answer came within 30 s.  Nothing was spent")))
    result))

(defun imagewire--capability (name)
  "Return the value of NAME, such as `:provider', from the program."
  (unless (and imagewire--connection (imagewire--connection-server imagewire--connection))
    (imagewire--await :ping nil))
  (plist-get (plist-get (plist-get (plist-get (imagewire--connection-server imagewire--connection) :capabilities)
                                   :experimental)
                        :imagewire)
             name))

(defun imagewire--confirm (question)
  "Ask QUESTION, and return whether it is agreed to.
What was typed before it could be read is no answer."
  (unless executing-kbd-macro (discard-input))
  (or (y-or-n-p question)
      (progn (imagewire--say "nothing was sent, and nothing was spent.") nil)))

(defun imagewire--dollars (amount)
  "Return AMOUNT, in dollars, as words."
  (if (= amount 0) "free"
    (let ((words (format "%.2f" amount)))
      (concat "$" (if (< (abs (- amount (string-to-number words))) 1e-6) words
                    (string-trim-right (format "%.4f" amount) "0+"))))))

(defun imagewire--price-agreed-p (params)
  "Whether PARAMS of the method submit may cost what they cost.
Ask where they cost more than `imagewire-ask-above'."
  (or (null imagewire-ask-above)
      (let* ((quote (condition-case nil
                        (imagewire--await :quote (cl-loop for (name value) on params by #'cddr
                                                          when (memq name '(:input :model :provider))
                                                          append (list name value)))
                      (user-error nil)))
             (amount (plist-get quote :amount))
             (surely (and amount (eq (plist-get quote :exact) t))))
        (cond ((null amount) (imagewire--confirm "The price is not known.  Make it? "))
              ((and (<= amount imagewire-ask-above) (or surely (= 0 (length (plist-get quote :missing))))) t)
              (t (imagewire--confirm (format "%s %s.  Make it? "
                                             (cond (surely "Price:")
                                                   ((> (length (plist-get quote :missing)) 0) "At least")
                                                   (t "About"))
                                             (imagewire--dollars amount))))))))

(defun imagewire--upload-agreed-p (file provider)
  "Whether FILE may be sent to PROVIDER."
  (or (not imagewire-ask-upload)
      (imagewire--confirm (format "Send %s to %s? " (file-name-nondirectory file) provider))))

(defun imagewire--choose (question choices)
  "Ask QUESTION, and return the value of the one of CHOICES that is chosen.
Each is (TEXT VALUE REMARK), and is shown with its remark.  The
order is kept.  Return nil if none is chosen."
  (let* ((table (make-hash-table :test #'equal))
         (texts (cl-loop for choice in choices
                         for text = (car choice)
                         for number from 2
                         ;; Two may look alike.
                         do (while (gethash text table) (setq text (format "%s (%d)" (car choice) number)))
                         do (puthash text choice table)
                         collect text))
         (width (apply #'max 1 (mapcar #'string-width texts)))
         (affix (lambda (shown)
                  (mapcar (lambda (text)
                            (list text ""
                                  (propertize (concat (make-string (+ 2 (- width (string-width text))) ?\s)
                                                      (or (nth 2 (gethash text table)) ""))
                                              'face 'completions-annotations)))
                          shown)))
         (chosen (completing-read
                  question
                  (lambda (string predicate action)
                    (if (eq action 'metadata)
                        `(metadata (category . imagewire)
                                   (affixation-function . ,affix)
                                   (display-sort-function . identity)
                                   (cycle-sort-function . identity))
                      (complete-with-action action texts string predicate)))
                  nil t)))
    (nth 1 (gethash chosen table))))

(defun imagewire--age (time)
  "Return how long ago TIME of a prediction was, in a few letters."
  (let ((seconds (max 0 (floor (- (float-time) (float-time (date-to-time time)))))))
    (cond ((< seconds 60) (format "%d s" seconds))
          ((< seconds 3600) (format "%d min" (/ seconds 60)))
          ((< seconds 86400) (format "%d h" (/ seconds 3600)))
          (t (format "%d d" (/ seconds 86400))))))

(provide 'imagewire-ask)
;;; imagewire-ask.el ends here
