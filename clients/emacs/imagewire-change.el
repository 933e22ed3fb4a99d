;;; imagewire-change.el --- New images from the image at point  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The image of the link at point is changed with words, made once more with another seed, or with the same input.  The
;; new link follows the old one, or takes its place.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-ask)
(require 'imagewire-at-point)
(require 'imagewire-choose)
(require 'imagewire-work)

(defun imagewire--made (file)
  "Return the prediction that made FILE, or nil."
  (let ((page (imagewire--await :list (list :file file :limit 1))))
    (when (> (length (plist-get page :predictions)) 0)
      (aref (plist-get page :predictions) 0))))

(defun imagewire--place-at (link)
  "Return the place of what follows LINK or takes its place."
  (imagewire--place 'link (imagewire--found-start link) (imagewire--found-end link)))

(defun imagewire--tags (prediction)
  "Return the tags of what is made from PREDICTION, which may be nil."
  (vconcat '("emacs") (when prediction (list (concat "from:" (plist-get prediction :id))))))

(defconst imagewire--image-fields '("images" "image" "image_urls" "image_url" "input_images" "input_image")
  "The usual names of the field that takes an image.")

(defun imagewire--image-field (model)
  "Return the field of MODEL, an entry of the catalogue, that takes an image.
It is its name and whether it takes a list."
  (let* ((properties (plist-get (plist-get model :input_schema) :properties))
         (name (cl-find-if (lambda (name) (plist-member properties (intern (concat ":" name)))) imagewire--image-fields)))
    (cond (name
           (cons name (equal "array" (plist-get (plist-get properties (intern (concat ":" name))) :type))))
          ((or (null properties) (equal (plist-get model :provider) "sandbox")) '("image"))
          (t (user-error "The model %s takes no image; M-x imagewire-choose-model.  Nothing was sent"
                         (plist-get model :id))))))

(defun imagewire--editor ()
  "Return the entry in the catalogue of the model for changing an image."
  (let* ((find (lambda (name) (aref (plist-get (imagewire--await :models (list :model name)) :models) 0)))
         (model (funcall find (imagewire--model)))
         (editor (plist-get model :edit_model)))
    (if (or (null editor) (equal editor (plist-get model :id))) model (funcall find editor))))

(defun imagewire--change (file prompt from make-place)
  "Send FILE with PROMPT, after the questions; its prediction was FROM or nil.
MAKE-PLACE returns the place of the link."
  (let* ((model (imagewire--editor))
         (field (imagewire--image-field model))
         (image (concat "@" file))
         (params (list :input `(:prompt ,prompt ,@(imagewire--input)
                                        ,(intern (concat ":" (car field))) ,(if (cdr field) (vector image) image))
                       :model (plist-get model :id) :upload t :tags (imagewire--tags from))))
    (when (and (imagewire--upload-agreed-p file (plist-get model :provider))
               (imagewire--price-agreed-p params))
      (imagewire--begin prompt (funcall make-place) params))))

;;;###autoload
(defun imagewire-change (prompt)
  "Change the image at point by PROMPT, and insert the link to the new one.
The image is sent to the provider, after a question."
  (interactive (progn
                 (barf-if-buffer-read-only)
                 (imagewire--image-here)
                 (list (read-string "Change the image: "))))
  (barf-if-buffer-read-only)
  (let* ((link (imagewire--image-here))
         (file (imagewire--found-path link))
         (prompt (imagewire--checked-prompt prompt)))
    (imagewire--check-link prompt)
    (imagewire--change file prompt (ignore-errors (imagewire--made file)) (lambda () (imagewire--place-at link)))))

(defun imagewire--files-in (input)
  "Return the names of the local files in INPUT, a hash table, in one text, or nil."
  (let ((json (imagewire--json input))
        (start 0)
        names)
    (while (string-match "\"@\\(/[^\"]+\\)\"" json start)
      (push (file-name-nondirectory (match-string 1 json)) names)
      (setq start (match-end 0)))
    (when names (string-join (nreverse names) ", "))))

(defun imagewire--reseed (whole)
  "Give the input of WHOLE, a prediction of hash tables, another seed.
A model that says what it takes and has no seed varies by itself."
  (let* ((provider (gethash "provider" whole))
         (model (aref (plist-get (imagewire--await :models (list :model (gethash "model" whole) :provider provider)) :models) 0))
         (fields (plist-get (plist-get model :input_schema) :properties))
         (most (plist-get (plist-get fields :seed) :maximum)))
    (when (or (null fields) (plist-member fields :seed) (equal provider "sandbox"))
      (puthash "seed" (random (if (and (integerp most) (< 0 most #x7fffffff)) (1+ most) #x7fffffff))
               (gethash "input" whole)))))

(defun imagewire--once-more (alter)
  "Make the image at point once more; ALTER may change its prediction.
It takes the prediction as hash tables.  Return at once."
  (barf-if-buffer-read-only)
  (let* ((link (imagewire--image-here))
         (file (imagewire--found-path link))
         (made (or (imagewire--made file) (user-error "%s did not make this image.  Nothing was sent" "imagewire")))
         (whole (imagewire--await :status (list :id (plist-get made :id) :full t) t))
         (input (gethash "input" whole))
         (prompt (or (gethash "prompt" input) "an image"))
         (upload (imagewire--files-in input))
         (params (append (list :input input :model (gethash "model" whole) :provider (gethash "provider" whole)
                               :tags (imagewire--tags made))
                         (when upload '(:upload t)))))
    (imagewire--check-link prompt)
    (funcall alter whole)
    (when (and (or (not upload) (imagewire--upload-agreed-p upload (gethash "provider" whole)))
               (imagewire--price-agreed-p params))
      (imagewire--begin prompt (imagewire--place-at link) params))))

;;;###autoload
(defun imagewire-vary ()
  "Make the image at point once more, with another seed."
  (interactive)
  (imagewire--once-more #'imagewire--reseed))

;;;###autoload
(defun imagewire-again ()
  "Make the image at point once more, with the same input."
  (interactive)
  (imagewire--once-more #'ignore))

(provide 'imagewire-change)
;;; imagewire-change.el ends here
